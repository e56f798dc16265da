using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Agent.Tests;

public sealed class EngineTests
{
    private readonly EngineDriver _store = new() { Approver = "eve" };

    [Fact]
    public void A_top_up_is_spendable_at_once()
    {
        var member = _store.Register();
        var topUp = _store.TopUp(member, 50_000).Receipt;
        Assert.Equal((50_000, 5_000, 55_000), (topUp.ToppedUpMinor, topUp.BonusMinor, topUp.Available.HereMinor));

        var sale = _store.Sell(member, 20_000).Receipt;
        Assert.Equal((5_000, 15_000, 35_000), (sale.PaidBonusMinor, sale.PaidPrincipalMinor, sale.Available.HereMinor));
        Assert.Equal(35_000, sale.Available.ConfirmedMinor);
        Assert.Equal(3, sale.Op.Sequence);
        Assert.Equal(32, sale.OpHash.Length);
        Assert.False(sale.WasOnline);
    }

    [Fact]
    public void Spending_more_than_the_rights_here_is_rejected_with_where_the_money_is()
    {
        var member = _store.Register();
        _store.Turn(
            new PolicyArrived(_store.NowMs, new V1.PolicyDelta { Version = 3, Stores = { new V1.StoreName { Store = 12, Name = "Harbour" } } }),
            new NewsArrived(_store.NowMs, new HubNews(Delta(member, 4, (12, 6_500), (EngineDriver.Store, 3_500)), Rights(member, 3_500)), 1));

        var reply = _store.Reply(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 10_000 });
        var rejection = ((V1.OpAnswer)reply.Answer!).Rejection;
        Assert.Equal(V1.RejectionCode.InsufficientRights, rejection.Code);
        Assert.Equal((3_500, 10_000, false), (rejection.Available.HereMinor, rejection.Available.ConfirmedMinor, rejection.Available.Online));
        var elsewhere = Assert.Single(rejection.Available.Elsewhere);
        Assert.Equal(("Harbour", 6_500), (elsewhere.StoreName, elsewhere.AmountMinor));
        Assert.Equal(10_000, Assert.Single(reply.Wanted).Granted);
        Assert.Equal(1, _store.Engine.TipSequence);
    }

    [Fact]
    public void Rights_that_come_with_a_retry_pay_and_show_what_other_stores_gave_up()
    {
        var member = _store.Register();
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(Delta(member, 4, (12, 6_500), (EngineDriver.Store, 3_500)), Rights(member, 3_500)), 1));

        var call = _store.Call(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 10_000 });
        var refused = _store.Turn(call)[0];
        var receipt = ((V1.OpAnswer)_store.Turn(call with { News = [new HubNews(null, Rights(member, 10_000))], RevokedMinor = refused.RevokedMinor })[0].Answer!).Receipt;
        Assert.Equal((10_000, 6_500, 0), (receipt.PaidPrincipalMinor, receipt.RevokedElsewhereMinor, receipt.Available.HereMinor));
    }

    [Fact]
    public void More_than_the_whole_wallet_is_insufficient_funds()
    {
        var member = _store.Register();
        _store.TopUp(member, 100);
        Assert.Equal(V1.RejectionCode.InsufficientFunds, _store.Sell(member, 101).Rejection.Code);
    }

    [Fact]
    public void Grants_are_absolute_and_those_of_another_incarnation_are_ignored()
    {
        var member = _store.Register();
        var foreign = Rights(member, 9_999);
        foreign.Incarnation++;
        foreach (var rights in new[] { Rights(member, 500), Rights(member, 300), Rights(member, 500), foreign })
        {
            _store.Turn(new NewsArrived(_store.NowMs, new HubNews(null, rights), 1));
        }

        Assert.Equal(500, _store.Balance(member).HereMinor);
    }

    [Fact]
    public void An_older_version_of_a_member_changes_nothing()
    {
        var member = _store.Register();
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(Delta(member, 5, (12, 500)), null), 1));
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(Delta(member, 4, (12, 900)), null), 1));
        Assert.Equal(500, _store.Balance(member).ConfirmedMinor);
    }

    [Fact]
    public void A_member_that_the_hub_has_not_heard_of_does_not_become_known_by_its_answer()
    {
        var nobody = new MemberId(42).ToString();
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(new V1.MemberDelta { Member = EngineDriver.Bytes(nobody) }, null), 1));
        Assert.Equal(V1.RejectionCode.UnknownMember, _store.TopUp(nobody, 5).Rejection.Code);
        Assert.Equal(0, _store.Status().Members);
    }

    [Fact]
    public void A_repeated_request_gets_the_recorded_answer_and_no_second_op()
    {
        var member = _store.Register();
        var first = _store.TopUp(member, 1_000).Receipt;
        var again = _store.TopUp(member, 1_000).Receipt;
        Assert.False(first.Repeated);
        Assert.True(again.Repeated);
        Assert.Equal(first.Op, again.Op);
        Assert.Equal(2, _store.Engine.TipSequence);
        Assert.Equal(1_000, _store.Balance(member).HereMinor);
    }

    [Fact]
    public void A_request_repeated_within_one_batch_is_booked_once()
    {
        var member = _store.Register();
        var request = new V1.TopUpRequest { RequestId = "t", MemberId = member, AmountMinor = 700 };
        var replies = _store.Turn(_store.Call(request), _store.Call(request));
        Assert.Equal([false, true], replies.Select(reply => ((V1.OpAnswer)reply.Answer!).Receipt.Repeated));
        Assert.Equal(700, _store.Balance(member).HereMinor);
    }

    [Fact]
    public void A_request_id_with_other_contents_is_refused()
    {
        var member = _store.Register();
        _store.TopUp(member, 1_000, "same");
        Assert.Equal(V1.RejectionCode.RequestIdReused, _store.TopUp(member, 1_001, "same").Rejection.Code);
        Assert.Equal(V1.RejectionCode.RequestIdReused, _store.Sell(member, 1_000, "same").Rejection.Code);
        Assert.Equal(V1.RejectionCode.RequestIdReused, _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "same" }).Rejection.Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(Amount.LargestRequestMinor + 1)]
    public void Amounts_that_no_till_can_mean_are_refused(long amount)
    {
        var member = _store.Register();
        Assert.Equal(V1.RejectionCode.InvalidAmount, _store.TopUp(member, amount).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidAmount, _store.Sell(member, amount).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidAmount, _store.Pay(new V1.RedeemRequest { RequestId = "r", MemberId = member, Points = amount }).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidAmount, _store.Pay(new V1.SaleRequest { RequestId = "o", MemberId = member, BillMinor = 5, OtherTenderMinor = amount == 0 ? -5 : amount }).Rejection.Code);
        Assert.Equal(1, _store.Engine.TipSequence);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not an id")]
    public void Requests_without_a_usable_id_are_refused(string memberId)
    {
        Assert.Equal(V1.RejectionCode.InvalidRequest, _store.TopUp(memberId, 5).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidRequest, _store.TopUp(_store.Register(), 5, new string('x', 65)).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidRequest, _store.Pay(new V1.VoidRequest { RequestId = "v" }).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidRequest, _store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest()).Rejection.Code);
    }

    [Fact]
    public void A_member_that_nobody_knows_is_unknown_and_worth_asking_the_hub_for()
    {
        var reply = _store.Reply(new V1.SaleRequest { RequestId = "s", MemberId = new MemberId(42).ToString(), BillMinor = 5 });
        Assert.Equal(V1.RejectionCode.UnknownMember, ((V1.OpAnswer)reply.Answer!).Rejection.Code);
        Assert.True(reply.NeedsNews);
        Assert.Contains("offline", ((V1.OpAnswer)reply.Answer!).Rejection.Message, StringComparison.Ordinal);
        Assert.Equal(V1.RejectionCode.UnknownMember, _store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = "404" } }).Rejection.Code);
    }

    [Fact]
    public void A_failed_commit_changes_nothing_and_the_next_one_works()
    {
        var member = _store.Register();
        _store.TopUp(member, 1_000);
        _store.Journal.FailNextCommit(JournalFault.DiskFull);
        var replies = _store.Turn(
            _store.Call(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 400 }),
            _store.Call(new V1.BalanceRequest { Key = new V1.MemberKey { MemberId = member } }));

        var refused = ((V1.OpAnswer)replies[0].Answer!).Rejection;
        Assert.Equal(V1.RejectionCode.StorageUnavailable, refused.Code);
        Assert.Contains("request_id", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1_000, ((V1.IdentifyAnswer)replies[1].Answer!).Member.Available.HereMinor);
        Assert.NotEmpty(_store.Status().Trouble);
        Assert.Equal(2, _store.Engine.TipSequence);

        var receipt = _store.Sell(member, 400, "s").Receipt;
        Assert.Equal((3, false, 600), (receipt.Op.Sequence, receipt.Repeated, receipt.Available.HereMinor));
        Assert.Empty(_store.Status().Trouble);
    }

    [Fact]
    public void News_lost_in_a_failed_commit_hold_the_feed_mark_of_their_connection_back()
    {
        var member = _store.Register();
        _store.Turn(new FeedReached(_store.NowMs, 10, 1), new SaveProgress(_store.NowMs));
        _store.Journal.FailNextCommit(JournalFault.DiskFull);
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(Delta(member, 5, (12, 500)), null), 2));
        _store.Turn(new FeedReached(_store.NowMs, 20, 2));
        Assert.Equal((2, 10), (_store.Engine.LostConnection, _store.Status().FeedPosition));

        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(Delta(member, 5, (12, 500)), null), 3), new FeedReached(_store.NowMs, 20, 3));
        Assert.Equal((500, 20), (_store.Balance(member).ConfirmedMinor, _store.Status().FeedPosition));
    }

    [Fact]
    public void After_a_crash_the_store_goes_on_with_the_same_state()
    {
        var member = _store.Register();
        _store.TopUp(member, 60_000);
        _store.Sell(member, 7_000);
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(Delta(member, 3, (12, 900)), Rights(member, 250)), 1), new SessionStarted(_store.NowMs, 77, 1, 0), new LockOrdered(_store.NowMs, "why"));
        var (balance, status, self) = (_store.Balance(member), _store.Status(), Describe());

        _store.Crash();
        Assert.Equal(balance, _store.Balance(member));
        Assert.Equal(status, _store.Status());
        Assert.Equal(self with { DeadLogs = [] }, Describe() with { DeadLogs = [] });
        Assert.True(_store.Sell(member, 7_000).Receipt.Repeated);
    }

    [Fact]
    public void Each_op_continues_the_hash_chain()
    {
        var member = _store.Register();
        _store.TopUp(member, 1_000);
        _store.Sell(member, 10);
        var hash = OpHash.Genesis;
        foreach (var fact in _store.Journal.ReadFacts(new ProducerId(EngineDriver.Store, EngineDriver.Holder.Incarnation.Value), 1, 100, int.MaxValue))
        {
            hash = hash.Next(fact.Bytes);
            Assert.Equal(hash, OpHash.FromBytes(fact.Hash));
            Assert.Equal(fact.Sequence, OpCodec.Decode(fact.Bytes).Id.Sequence);
        }

        Assert.Equal(hash, Describe().TipHash);
    }

    [Fact]
    public void A_void_undoes_an_op_once()
    {
        var member = _store.Register();
        var topUp = _store.TopUp(member, 50_000).Receipt;
        var sale = _store.Sell(member, 12_000).Receipt;
        var undone = _store.Pay(new V1.VoidRequest { RequestId = "v1", Op = sale.Op }).Receipt;
        Assert.Equal((5_000, 7_000, 55_000), (undone.PaidBonusMinor, undone.PaidPrincipalMinor, undone.Available.HereMinor));
        Assert.Equal(V1.RejectionCode.AlreadyVoided, _store.Pay(new V1.VoidRequest { RequestId = "v2", Op = sale.Op }).Rejection.Code);

        var back = _store.Pay(new V1.VoidRequest { RequestId = "v3", Op = topUp.Op }).Receipt;
        Assert.Equal((50_000, 5_000, 0), (back.ToppedUpMinor, back.BonusMinor, back.Available.HereMinor));
    }

    [Fact]
    public void An_op_of_another_store_or_none_cannot_be_undone_here()
    {
        var member = _store.Register();
        var op = _store.TopUp(member, 5_000).Receipt.Op;
        var foreign = op.Clone();
        foreign.Store++;
        var future = op.Clone();
        future.Sequence = 99;
        foreach (var (wrong, id, code) in new[] { (foreign, "a", V1.RejectionCode.RefundRightElsewhere), (future, "b", V1.RejectionCode.UnknownOp) })
        {
            Assert.Equal(code, _store.Pay(new V1.VoidRequest { RequestId = id, Op = wrong }).Rejection.Code);
            Assert.Equal(code, _store.Pay(new V1.RefundRequest { RequestId = id, Op = wrong, AmountMinor = 5 }).Rejection.Code);
        }
    }

    [Fact]
    public void Refunds_never_exceed_the_sale()
    {
        var member = _store.Register();
        _store.TopUp(member, 1_000);
        var sale = _store.Sell(member, 900).Receipt;
        Assert.Equal(500, _store.Pay(new V1.RefundRequest { RequestId = "r1", Op = sale.Op, AmountMinor = 400 }).Receipt.Available.HereMinor);
        Assert.Equal(V1.RejectionCode.RefundTooLarge, _store.Pay(new V1.RefundRequest { RequestId = "r2", Op = sale.Op, AmountMinor = 501 }).Rejection.Code);
        Assert.Equal(1_000, _store.Pay(new V1.RefundRequest { RequestId = "r3", Op = sale.Op, AmountMinor = 500 }).Receipt.Available.HereMinor);
        Assert.Equal(V1.RejectionCode.RefundTooLarge, _store.Pay(new V1.RefundRequest { RequestId = "r4", Op = sale.Op, AmountMinor = 1 }).Rejection.Code);
    }

    [Fact]
    public void A_day_close_counts_the_day_and_starts_the_next()
    {
        var member = _store.Register();
        var wrong = _store.TopUp(member, 300).Receipt;
        _store.TopUp(member, 1_000, "t2");
        _store.Pay(new V1.VoidRequest { RequestId = "v", Op = wrong.Op });
        var sale = _store.Pay(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 500, OtherTenderMinor = 200 }).Receipt;
        _store.Pay(new V1.RefundRequest { RequestId = "r", Op = sale.Op, AmountMinor = 100 });

        var request = new V1.CloseDayRequest { RequestId = "c", CountedCashMinor = 1_150 };
        var day = _store.Ask<V1.CloseDayAnswer>(request);
        Assert.Equal((1, 300, 1, 1_000, 100), (day.Sales, day.SalesStoredValueMinor, day.TopUps, day.TopUpCashMinor, day.RefundsMinor));
        Assert.Equal((1_200, -50), (day.ExpectedCashMinor, day.CashDifferenceMinor));
        Assert.Equal(day, _store.Ask<V1.CloseDayAnswer>(request));
        var next = _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "c2" });
        Assert.Equal((0, 0, day.Op.Sequence + 1), (next.Sales, next.ExpectedCashMinor, next.Op.Sequence));
    }

    [Fact]
    public void A_revoke_is_answered_with_an_op_and_only_what_is_here_goes_back()
    {
        var member = _store.Register();
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(null, Rights(member, 800)), 1));
        _store.TopUp(member, 200);
        var ask = new V1.RevokeAsk { Member = EngineDriver.Bytes(member), Incarnation = EngineDriver.Holder.Incarnation.Value, Id = 5 };
        ask.Lines.Add(new V1.RevokeLine { Bucket = EngineDriver.Principal, KeepLevel = 100, AsOfGranted = 800 });

        var stale = ask.Clone();
        stale.Lines[0].AsOfGranted = 799;
        Assert.Equal(2, _store.Turn(new RevokeAsked(_store.NowMs, stale))[0].TipSequence);
        Assert.Equal(3, _store.Turn(new RevokeAsked(_store.NowMs, ask))[0].TipSequence);
        Assert.Equal(100, _store.Balance(member).HereMinor);
        Assert.Equal(3, _store.Turn(new RevokeAsked(_store.NowMs, ask))[0].TipSequence);
    }

    [Fact]
    public void A_locked_store_books_nothing_and_gives_nothing_back()
    {
        var member = _store.Register();
        var sale = _store.TopUp(member, 1_000).Receipt;
        _store.Turn(new LockOrdered(_store.NowMs, "An older copy. Enrol anew."));
        var ask = new V1.RevokeAsk { Member = EngineDriver.Bytes(member), Incarnation = EngineDriver.Holder.Incarnation.Value };
        ask.Lines.Add(new V1.RevokeLine { Bucket = EngineDriver.Principal });
        _store.Turn(new RevokeAsked(_store.NowMs, ask), new ReturnIdleRights(long.MaxValue, long.MaxValue, [], 10));

        Assert.Equal(V1.RejectionCode.AgentLocked, _store.Sell(member, 10, "s").Rejection.Code);
        Assert.Equal(V1.RejectionCode.AgentLocked, _store.TopUp(member, 10, "t").Rejection.Code);
        Assert.Equal(V1.RejectionCode.AgentLocked, _store.Pay(new V1.VoidRequest { RequestId = "v", Op = sale.Op }).Rejection.Code);
        Assert.Equal((true, 2), (_store.Status().Locked, _store.Status().TipSequence));
        Assert.Contains("An older copy. Enrol anew.", _store.Status().Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public void Rights_of_members_who_no_longer_come_go_back_and_others_stay()
    {
        var (gone, stays) = (_store.Register("13800000001", "a"), _store.Register("13800000002", "b"));
        foreach (var member in new[] { gone, stays })
        {
            _store.TopUp(member, 100, member);
        }

        _store.NowMs += 100 * Core.Rules.Calendar.DayMs;
        _store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest { Key = new V1.MemberKey { MemberId = stays } });
        byte[]? next = [];
        while (next is not null)
        {
            next = _store.Turn(new ReturnIdleRights(_store.NowMs, _store.NowMs - (60 * Core.Rules.Calendar.DayMs), next, 1))[0].NextKey;
        }

        Assert.Equal((0, 100), (_store.Balance(gone).HereMinor, _store.Balance(stays).HereMinor));
        Assert.Equal(100, _store.Balance(gone).ConfirmedMinor);
    }

    [Fact]
    public void Rights_to_an_expired_lot_go_back_however_often_the_member_comes()
    {
        var member = _store.Register();
        var lot = new V1.Bucket { Kind = V1.BucketKind.Lot, Lot = new V1.LotId { OriginStore = 12, Terms = 1, ExpiryDay = Core.Rules.Calendar.DayOf(_store.NowMs) } };
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(null, new V1.Rights
        {
            Member = EngineDriver.Bytes(member),
            Incarnation = EngineDriver.Holder.Incarnation.Value,
            Lines = { new V1.GrantedLine { Bucket = lot, Granted = 300 }, new V1.GrantedLine { Bucket = EngineDriver.Principal, Granted = 50 } },
        }), 1));
        Assert.Equal(350, _store.Balance(member).HereMinor);

        _store.Turn(new ReturnIdleRights(_store.NowMs, long.MinValue, [], 10));
        Assert.Equal(1, _store.Engine.TipSequence);

        _store.NowMs += Core.Rules.Calendar.DayMs;
        Assert.Equal(50, _store.Balance(member).HereMinor);
        _store.Turn(new ReturnIdleRights(_store.NowMs, long.MinValue, [], 10), new ReturnIdleRights(_store.NowMs, long.MinValue, [], 10));
        Assert.Equal(2, _store.Engine.TipSequence);
        Assert.Equal(50, _store.Balance(member).HereMinor);
    }

    [Fact]
    public void A_phone_belongs_to_one_member()
    {
        var member = _store.Register("13800000001", "a");
        var second = _store.Ask<V1.IdentifyAnswer>(new V1.RegisterRequest { RequestId = "b", Name = "Han", Phone = "13800000001" });
        Assert.Equal(V1.RejectionCode.DuplicateClaim, second.Rejection.Code);
        var found = _store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = "13800000001" } });
        Assert.Equal((member, "***0001"), (found.Member.MemberId, found.Member.PhoneMasked));
        Assert.Equal(1, _store.Status().Members);
    }

    [Fact]
    public void A_member_of_the_hub_is_found_by_phone_and_an_old_phone_no_longer_finds_it()
    {
        var id = new MemberId(99).ToString();
        var delta = Delta(id, 1, (12, 5));
        delta.Profile = new V1.MemberProfile { Name = "Mei", Phone = "111222" };
        var moved = delta.Clone();
        (moved.Version, moved.Profile.Phone) = (2, "333444");
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(delta, null), 1), new NewsArrived(_store.NowMs, new HubNews(moved, null), 1));
        Assert.Equal(id, _store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = "333444" } }).Member.MemberId);
        Assert.NotNull(_store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = "111222" } }).Rejection);
    }

    [Fact]
    public void Receipts_are_printed_again_as_they_were()
    {
        var member = _store.Register();
        var topUp = _store.TopUp(member, 1_000).Receipt;
        var sale = _store.Sell(member, 10).Receipt;
        Assert.Equal([sale, topUp], _store.Ask<V1.LastReceiptsAnswer>(new V1.LastReceiptsRequest()).Receipts);
        Assert.Equal([sale], _store.Ask<V1.LastReceiptsAnswer>(new V1.LastReceiptsRequest { Limit = 1, MemberId = member }).Receipts);
    }

    [Fact]
    public void A_quote_promises_what_the_sale_then_does()
    {
        var member = _store.Register();
        _store.TopUp(member, 1_000);
        var quote = _store.Ask<V1.QuoteAnswer>(new V1.QuoteRequest { MemberId = member, BillMinor = 900, TopUpMinor = 100_000 });
        Assert.Equal((900, true, 15_000), (quote.PayableMinor, quote.EnoughHere, quote.TopUpBonusMinor));
        Assert.NotEmpty(quote.TopUpTerms);
        Assert.False(_store.Ask<V1.QuoteAnswer>(new V1.QuoteRequest { MemberId = member, BillMinor = 1_001 }).EnoughHere);
    }

    [Fact]
    public void Rules_that_make_no_sense_leave_the_old_ones_in_force()
    {
        _store.Turn(new PolicyArrived(_store.NowMs, new V1.PolicyDelta { Version = 9, RulesetJson = "{ not json" }));
        Assert.Single(_store.Engine.Troubles);
        Assert.Equal((1, 0), (_store.Status().RulesetVersion, Describe().PolicyVersion));
    }

    private SelfDescription Describe() => _store.Turn(new DescribeSelf(_store.NowMs, new byte[16]))[0].Self!;

    private static V1.Rights Rights(string member, long granted)
    {
        var rights = new V1.Rights { Member = EngineDriver.Bytes(member), Incarnation = EngineDriver.Holder.Incarnation.Value };
        rights.Lines.Add(new V1.GrantedLine { Bucket = EngineDriver.Principal, Granted = granted });
        return rights;
    }

    private static V1.MemberDelta Delta(string member, long version, params (int Store, long Amount)[] holdings)
    {
        var delta = new V1.MemberDelta { Member = EngineDriver.Bytes(member), Version = version, Profile = new V1.MemberProfile { Name = "Li Lei", Phone = "13800000001" }, RecordedAtMs = 1_699_999_999_000 };
        delta.Holdings.AddRange(holdings.Select(holding => new V1.Holding { Bucket = EngineDriver.Principal, Store = holding.Store, AmountMinor = holding.Amount }));
        return delta;
    }
}
