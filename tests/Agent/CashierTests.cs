using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Rules;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Tests;

/// <summary>Cashiers at a store without a hub: tries of PINs are counted for good, sessions outlive a crash, and ops say who was there.</summary>
public sealed class CashierTests
{
    private const int FreeTries = 5;
    private static readonly byte[] Pepper = Enumerable.Repeat((byte)7, 32).ToArray();
    private static readonly byte[] Session = SHA256.HashData("session"u8);

    [Fact]
    public void A_pin_is_right_for_its_owner_and_pepper_alone()
    {
        var entry = Entry("ann", "493017");

        Assert.True(PinCodec.IsRight("493017", entry, Pepper));
        Assert.False(PinCodec.IsRight("493018", entry, Pepper));
        Assert.False(PinCodec.IsRight("493017", entry, new byte[32]));
        Assert.False(PinCodec.IsRight("493017", entry, []));
        Assert.False(PinCodec.IsRight("493017", null, Pepper));
        Assert.False(PinCodec.IsRight("", null, Pepper));
    }

    // Time cannot be tested without flaking; work can. What is slow is done once, with as many rounds and as many bytes, whatever is asked.
    [Fact]
    public void A_check_costs_the_same_work_for_a_right_pin_a_wrong_one_a_name_that_nobody_has_and_a_lost_pepper()
    {
        var entry = new V1.CashierEntry(Entry("ann", "493017")) { Iterations = PinCodec.Iterations }; // as the hub makes them
        var damaged = new V1.CashierEntry(entry) { Verifier = ByteString.Empty };
        (string Pin, V1.CashierEntry? Entry, byte[] Pepper)[] asked =
            [("493017", entry, Pepper), ("493018", entry, Pepper), ("4", entry, Pepper), ("493017", null, Pepper), ("493017", entry, []), ("493017", damaged, Pepper), ("", null, [])];

        foreach (var (pin, whose, pepper) in asked)
        {
            var work = new List<(int SaltBytes, int Rounds)>();
            PinCodec.IsRight(pin, whose, pepper, (typed, salt, rounds) =>
            {
                work.Add((salt.Length, rounds));
                return PinCodec.Derive(typed, salt, rounds);
            });
            Assert.Equal([(PinCodec.SaltBytes, PinCodec.Iterations)], work);
        }
    }

    [Theory]
    [InlineData("123")]
    [InlineData("12345a")]
    [InlineData("1234")]
    [InlineData("9876543")]
    [InlineData("111111")]
    [InlineData("121212")]
    [InlineData("1234567890123")]
    public void A_poor_pin_is_refused(string pin) => Assert.NotNull(PinCodec.FindFault(pin));

    [Fact]
    public void The_pepper_never_lies_in_the_database_and_outlives_the_process()
    {
        var store = NewStore(null);

        Assert.Equal(Pepper, store.Guard.Pepper.ToArray());
        Assert.DoesNotContain(Convert.ToHexString(Pepper), Convert.ToHexString(store.Journal.ReadDocument("meta", "policy"u8)!), StringComparison.Ordinal);
        store.Crash();
        Assert.Equal(Pepper, Begin(store, "Ann").Pepper.ToArray());
    }

    [Fact]
    public void Wrong_pins_lock_for_longer_and_longer_also_over_a_crash_and_another_name_is_free()
    {
        var store = NewStore(null);
        for (var i = 0; i < FreeTries; i++)
        {
            Assert.Equal("ann", Begin(store, "ann").Entry!.Name);
        }

        store.Crash();
        Assert.Equal(store.NowMs + 30_000, Begin(store, "ANN").WaitUntilMs);
        Assert.Equal(0, Begin(store, "bob").WaitUntilMs);
        store.NowMs += 30_000;
        Assert.Equal(0, Begin(store, "ann").WaitUntilMs);
        Assert.Equal(store.NowMs + 60_000, Begin(store, "ann").WaitUntilMs);
        store.NowMs += 60_000;
        Assert.Equal(0, Begin(store, "ann").WaitUntilMs);
        store.Turn(new PinWasRight(store.NowMs, "ann", default, ""));
        Assert.Equal(0, Begin(store, "ann").WaitUntilMs);
    }

    // What a try is answered with: which wait, and whether a PIN was looked at at all.
    [Fact]
    public void A_name_that_nobody_has_is_answered_try_by_try_like_a_cashiers()
    {
        var store = NewStore(null);
        for (var i = 0; i < 13; i++)
        {
            var (known, unknown) = (Begin(store, "ann"), Begin(store, "stranger"));
            Assert.Equal((i, known.WaitUntilMs), (i, unknown.WaitUntilMs));
            if (i % 3 == 2)
            {
                store.Crash();
                store.NowMs = Math.Max(store.NowMs, known.WaitUntilMs);
            }
        }

        Assert.True(Begin(store, "ann").WaitUntilMs > 0);
        Assert.True(Begin(store, "stranger").WaitUntilMs > 0);
        Assert.Equal(0, Begin(store, "bob").WaitUntilMs);
        Assert.Equal(0, Begin(store, "another stranger").WaitUntilMs);
    }

    [Fact]
    public void Strangers_fill_no_disk_and_a_cashier_waits_for_those_that_share_a_count_so_that_nothing_is_told()
    {
        const int MostCounts = 65_536;
        var store = NewStore(null);
        store.Turn([.. Enumerable.Range(0, MostCounts * 5 / 4).Select(i => new PinTryBegun(store.NowMs, "stranger" + i))]);
        Assert.InRange(store.Journal.CountDocuments("pin-tries"), MostCounts / 2, MostCounts);

        static int CountOf(string name) => BitConverter.ToUInt16(HMACSHA256.HashData(Pepper, System.Text.Encoding.UTF8.GetBytes(name)));
        var twin = Enumerable.Range(0, int.MaxValue).Select(i => "twin" + i).First(name => CountOf(name) == CountOf("ann"));
        store.Turn([.. Enumerable.Repeat(new PinTryBegun(store.NowMs, twin), FreeTries)]);
        Assert.True(Begin(store, twin).WaitUntilMs > 0);
        Assert.Equal(Begin(store, twin).WaitUntilMs, Begin(store, "ann").WaitUntilMs);
    }

    [Fact]
    public void With_cashiers_required_an_op_carries_the_cashier_of_the_session_whatever_the_till_says()
    {
        var store = NewStore(new CashierRules { Required = true });
        var register = new V1.RegisterRequest { RequestId = "r1", Name = "Li Lei" };
        Assert.Equal(V1.RejectionCode.NotSignedIn, store.Ask<V1.IdentifyAnswer>(register).Rejection.Code);
        store.Turn(new PinWasRight(store.NowMs, "ann", Session, "till-1"));
        store.Crash();
        var member = ((V1.IdentifyAnswer)Signed(store, register).Answer!).Member.MemberId;

        var receipt = ((V1.OpAnswer)Signed(store, new V1.TopUpRequest { RequestId = "t1", MemberId = member, AmountMinor = 900, Operator = "somebody" }).Answer!).Receipt;

        Assert.Equal("ann", receipt.Cashier);
        var op = V1.OpEnvelope.Parser.ParseFrom(store.Journal.ReadNewestFacts(new Storage.ProducerId(EngineDriver.Store, EngineDriver.Holder.Incarnation.Value), 1)[0].Bytes);
        Assert.Equal(("ann", "ann", ""), (op.Cashier, op.Operator, op.Approver));
    }

    [Fact]
    public void A_session_ends_by_sign_out_by_time_and_with_the_cashiers_right_to_be_there()
    {
        var store = NewStore(new CashierRules { Required = true });
        var sale = new V1.SaleRequest { RequestId = "s1", MemberId = "x" };
        foreach (var end in (Action[])[() => store.Turn(new SessionEnded(store.NowMs, Session)), () => store.NowMs += 12 * 60 * 60 * 1000, () => store.Turn(new PolicyArrived(store.NowMs, Policy(new CashierRules { Required = true }, [Entry("bob", "493017")])))])
        {
            store.Turn(new PinWasRight(store.NowMs, "ann", Session, "till-1"));
            Assert.Equal(V1.RejectionCode.InvalidRequest, ((V1.OpAnswer)Signed(store, sale).Answer!).Rejection.Code); // it got as far as the member's number
            end();
            Assert.Equal(V1.RejectionCode.NotSignedIn, ((V1.OpAnswer)Signed(store, sale).Answer!).Rejection.Code);
        }
    }

    [Fact]
    public void A_large_refund_and_an_adjustment_wait_for_a_second_person_whose_name_they_carry()
    {
        var store = NewStore(new CashierRules { Required = true, ApprovalAboveMinor = 500 });
        store.Turn(new PinWasRight(store.NowMs, "ann", Session, "till-1"));
        var member = ((V1.IdentifyAnswer)Signed(store, new V1.RegisterRequest { RequestId = "r1", Name = "Li Lei" }).Answer!).Member.MemberId;
        Signed(store, new V1.TopUpRequest { RequestId = "t1", MemberId = member, AmountMinor = 2_000 });
        var sale = ((V1.OpAnswer)Signed(store, new V1.SaleRequest { RequestId = "s1", MemberId = member, BillMinor = 1_500 }).Answer!).Receipt.Op;

        Assert.NotNull(((V1.OpAnswer)Signed(store, new V1.RefundRequest { RequestId = "f1", Op = sale, AmountMinor = 500 }).Answer!).Receipt);
        var large = new V1.RefundRequest { RequestId = "f2", Op = sale, AmountMinor = 501, Approver = "Bob" };
        Assert.Equal(V1.RejectionCode.ApprovalNeeded, ((V1.OpAnswer)Signed(store, large).Answer!).Rejection.Code);
        Assert.Equal("bob", ((V1.OpAnswer)Signed(store, large, "bob").Answer!).Receipt.Approver);
        var adjust = new V1.AdjustRequest { RequestId = "a1", MemberId = member, Kind = V1.BucketKind.Points, DeltaMinor = 5, Reason = "goodwill" };
        Assert.Equal(V1.RejectionCode.ApprovalNeeded, ((V1.OpAnswer)Signed(store, adjust, "ann").Answer!).Rejection.Code);
        Assert.Equal(("ann", "bob"), ((V1.OpAnswer)Signed(store, adjust, "bob").Answer!).Receipt is { } receipt ? (receipt.Cashier, receipt.Approver) : default);
    }

    private static PinTry Begin(EngineDriver store, string name) => store.Turn(new PinTryBegun(store.NowMs, name))[0].Pin!;

    private static EngineReply Signed(EngineDriver store, IMessage request, string approver = "") => store.Turn(store.Call(request) with { Session = Session, Approver = approver })[0];

    private static EngineDriver NewStore(CashierRules? rules)
    {
        var store = new EngineDriver();
        store.Turn(new PolicyArrived(store.NowMs, Policy(rules, [Entry("ann", "493017"), Entry("bob", "703152")])));
        return store;
    }

    private static V1.PolicyDelta Policy(CashierRules? rules, V1.CashierEntry[] cashiers) => new()
    {
        Version = 1,
        RulesetJson = RulesetJson.Write(RulesetJson.Preset("youzan") with { Cashiers = rules }),
        PinPepper = ByteString.CopyFrom(Pepper),
        Cashiers = { cashiers },
    };

    private static V1.CashierEntry Entry(string name, string pin)
    {
        var salt = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name))[..16];
        return new V1.CashierEntry { Name = name, Role = V1.Role.Cashier, Salt = ByteString.CopyFrom(salt), Iterations = 1000, Verifier = ByteString.CopyFrom(PinCodec.Verifier(Pepper, PinCodec.Derive(pin, salt, 1000))) };
    }
}
