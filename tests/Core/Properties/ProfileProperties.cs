using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Tests.Properties;

/// <summary>I18: whatever the order in which the hub hears of the stores, and however often, profile and tags come out the same.</summary>
public sealed class ProfileProperties
{
    private const int Seeds = 300;
    private const int Stores = 3;

    [Fact]
    public void Any_order_of_the_stores_and_any_repetition_give_the_same_profile_and_tags() => SeededRandom.ForEachSeed(Seeds, seed =>
    {
        var random = new SeededRandom(seed);
        var logs = LogsOf(random);
        var expected = Describe(Deliver(logs, random));
        for (var order = 0; order < 6; order++)
        {
            Assert.Equal(expected, Describe(Deliver(logs, random)));
        }
    });

    [Fact]
    public void Erasure_wins_over_everything_that_comes_before_or_after_and_leaves_the_money() => SeededRandom.ForEachSeed(Seeds / 3, seed =>
    {
        var random = new SeededRandom(seed);
        var logs = LogsOf(random);
        var state = new MemberState(Make.Member, Make.Currency);
        state.Apply(new OpApplied(Make.Op(OpType.TopUp, Make.Credit(Wallets.Bucket.Principal, 700)) with { Id = Make.Id(1, store: 9) }), Make.NowMs);
        var all = logs.SelectMany(log => log).ToList();
        var at = random.Below(all.Count);
        for (var i = 0; i < all.Count; i++)
        {
            if (i == at)
            {
                state.Apply(new MemberErased("kim", "asked for"), Make.NowMs);
            }

            state.Apply(new OpApplied(all[i]), Make.NowMs);
        }

        Assert.Equal(MemberProfile.Empty, state.Profile);
        Assert.Empty(state.Personal.Tags);
        Assert.Empty(state.Personal.Pending);
        Assert.Equal(ClaimSet.None with { Phone = "", Card = "" }, ClaimSet.Of(state));
        Assert.Equal(700, state.MoneyMinor);
    });

    [Fact]
    public void A_clock_that_is_years_ahead_wins_for_a_minute_only()
    {
        var state = new MemberState(Make.Member, Make.Currency);
        state.Apply(new OpApplied(Named(1, "Future", new Hlc(Make.NowMs * 2, 0), store: 1)), Make.NowMs);
        state.Apply(new OpApplied(Named(1, "Later", new Hlc(Make.NowMs + Hlc.AheadMs + 1, 0), store: 2)), Make.NowMs + Hlc.AheadMs + 1);

        Assert.Equal("Later", state.Profile.Name);
    }

    [Fact]
    public void A_phone_that_nobody_proved_is_pending_until_HQ_decides_and_a_tag_added_anew_elsewhere_stays()
    {
        var state = new MemberState(Make.Member, Make.Currency);
        var phone = Named(1, "Ann", new Hlc(Make.NowMs, 0), store: 1) with { Fields = [new FieldChange(ProfileField.Phone, "5550100")] };
        state.Apply(new OpApplied(phone), Make.NowMs);
        Assert.Equal("", state.Profile.Phone);
        Assert.Equal([new FieldChange(ProfileField.Phone, "5550100")], state.Personal.Pending);
        state.Apply(new ProfileChanged("kim", [new FieldChange(ProfileField.Phone, "5550100")], [], []), Make.NowMs - 5_000); // a hub whose clock is behind
        Assert.Equal("5550100", state.Profile.Phone);
        Assert.Empty(state.Personal.Pending);

        var (first, second) = (Tagged(2, "vip", store: 1), Tagged(1, "vip", store: 2));
        state.Apply(new OpApplied(first), Make.NowMs);
        state.Apply(new OpApplied(second), Make.NowMs);
        state.Apply(new OpApplied(Make.Op(OpType.TagRemove) with { Id = Make.Id(3), Tag = "vip", RemovedDots = [new Dot(first.Id)] }), Make.NowMs);
        Assert.Equal(["vip"], state.Personal.Tags);
    }

    // Three stores, and a copy of each one's machine, which writes other ops under the same numbers.
    private static List<Op>[] LogsOf(SeededRandom random)
    {
        var dots = new List<Dot>();
        return [.. Enumerable.Range(0, Stores * 2).Select(log => Enumerable.Range(1, 12).Select(sequence => RandomOp(random, Make.Id(sequence, (log % Stores) + 1), HeadOf(log, sequence), dots)).ToList())];
    }

    private static ulong HeadOf(int log, long sequence) => (ulong)((log * 100) + sequence);

    private static OpArrived Arrived(Op op, int log) => new(op)
    {
        Place = log < Stores ? op.Id : op.Id with { Holder = op.Id.Holder with { Incarnation = Incarnation.Of(1, 100) } },
        HashHead = HeadOf(log, op.Id.Sequence),
    };

    private static Op RandomOp(SeededRandom random, OpId id, ulong head, List<Dot> dots)
    {
        var stamp = new Hlc(Make.NowMs - random.Below(5), random.Below(2)); // close together, so that ties are met
        switch (random.Below(4))
        {
            case 0:
                dots.Add(new Dot(id, head));
                return Tagged(id.Sequence, $"tag {random.Below(3)}", id.Holder.Store.Value);
            case 1 when dots.Count > 0:
                return Make.Op(OpType.TagRemove) with { Id = id, Tag = "x", RemovedDots = [random.Pick(dots), random.Pick(dots)] };
            case 2:
                return Make.Op(OpType.RegisterMember) with { Id = id, Stamp = stamp, Profile = new MemberProfile($"R{random.Below(9)}", $"55501{random.Below(9)}", "", new StoreId(1), "") };
            default:
                return Make.Op(OpType.ProfileSet) with { Id = id, Stamp = stamp, IsProved = random.Chance(500), Fields = [new FieldChange((ProfileField)random.Between(1, 5), $"v{random.Below(9)}")] };
        }
    }

    // Ops of one store keep their order, as its log does; what came before may come again.
    private static MemberState Deliver(List<Op>[] logs, SeededRandom random)
    {
        var machine = new MemberMachine(new MemberState(Make.Member, Make.Currency));
        var next = new int[logs.Length];
        while (Enumerable.Range(0, logs.Length).Where(i => next[i] < logs[i].Count).ToArray() is { Length: > 0 } left)
        {
            var store = random.Pick(left);
            if (next[store] > 0 && random.Chance(300))
            {
                machine.Turn(Arrived(logs[store][random.Below(next[store])], store), new Quiet());
            }

            machine.Turn(Arrived(logs[store][next[store]++], store), new Quiet());
        }

        return machine.State;
    }

    private static Op Named(long sequence, string name, Hlc stamp, int store) =>
        Make.Op(OpType.ProfileSet) with { Id = Make.Id(sequence, store), Stamp = stamp, Fields = [new FieldChange(ProfileField.Name, name)] };

    private static Op Tagged(long sequence, string tag, int store) => Make.Op(OpType.TagAdd) with { Id = Make.Id(sequence, store), Tag = tag };

    private static string Describe(MemberState state) =>
        $"{state.Profile} | {string.Join(' ', state.Personal.Pending)} | {string.Join(' ', state.Personal.TagDots)} | {string.Join(' ', state.Personal.Fields)}";

    private sealed class Quiet : ITurnContext
    {
        public long NowMs => Make.NowMs;

        public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

        public bool IsOnline(Holder holder) => false;

        public Holder? OnlineHolder(StoreId store) => null;

        public long NextAsk() => 1;
    }
}
