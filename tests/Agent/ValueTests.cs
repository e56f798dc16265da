using SyncHub.Agent.Engine;
using SyncHub.Core.Rules;

namespace SyncHub.Agent.Tests;

/// <summary>What a store may promise before its hub has heard of it, payments that may be declined, and adjustments.</summary>
public sealed class ValueTests
{
    private readonly EngineDriver _store = new() { Approver = "eve" };

    [Fact]
    public void Top_ups_above_the_limit_wait_for_the_hub_also_after_a_crash()
    {
        Use(rules => rules with { TopUp = rules.TopUp with { UnacknowledgedLimitMinor = 1_000 } });
        var member = _store.Register();
        Assert.NotNull(_store.TopUp(member, 700, "a").Receipt);
        Assert.Equal(V1.RejectionCode.TopUpLimit, _store.TopUp(member, 301, "b").Rejection.Code);

        _store.Crash();
        Assert.Equal(V1.RejectionCode.TopUpLimit, _store.TopUp(member, 301, "b").Rejection.Code);
        Assert.NotNull(_store.TopUp(member, 300, "c").Receipt);

        _store.Turn(new Acknowledged(_store.NowMs, 2));
        Assert.NotNull(_store.TopUp(member, 700, "d").Receipt);
        Assert.Equal(V1.RejectionCode.TopUpLimit, _store.TopUp(member, 1, "e").Rejection.Code);
    }

    [Fact]
    public void Points_are_spendable_when_the_hub_has_heard_of_them_where_the_rules_say_so()
    {
        Use(rules => rules with { Earn = new EarnRules { PerMinor = 100, Points = 1, SpendableAtOnce = false }, Redeem = new RedeemRules { MinimumPoints = 10, Points = 10, WorthMinor = 10 } });
        var member = _store.Register();
        _store.TopUp(member, 5_000);
        var sale = _store.Sell(member, 2_000).Receipt;
        Assert.Equal((20, 0, 20, 20), (sale.PointsEarned, sale.Available.PointsHere, sale.Available.PointsConfirmed, sale.Available.PointsPending));
        Assert.NotNull(Redeem(member, "early").Rejection);

        _store.Crash();
        Assert.NotNull(Redeem(member, "early").Rejection);

        _store.Turn(new Acknowledged(_store.NowMs, sale.Op.Sequence));
        Assert.Equal(20, Redeem(member, "late").Receipt.PointsSpent);
    }

    [Fact]
    public void A_stored_card_payment_is_pending_until_its_till_confirms_it_once_and_no_cash_is_expected()
    {
        var member = _store.Register();
        var request = new V1.TopUpRequest { RequestId = "t", MemberId = member, AmountMinor = 50_000, Tender = V1.Tender.CardStoreAndForward };
        var topUp = _store.Pay(request).Receipt;
        Assert.Equal((0, 50_000, 0, 50_000), (topUp.ToppedUpMinor, topUp.PendingMinor, topUp.Available.HereMinor, topUp.Available.PendingMinor));
        Assert.Equal(V1.RejectionCode.InsufficientFunds, _store.Sell(member, 1).Rejection.Code);

        _store.NowMs += 200 * Calendar.DayMs;
        _store.Turn(new ReturnIdleRights(_store.NowMs, _store.NowMs, [], 10));
        _store.Crash();
        var confirmed = _store.Pay(new V1.TenderRequest { RequestId = "c", Op = topUp.Op }).Receipt;

        Assert.Equal((V1.OpType.Adjust, 50_000, 5_000, 55_000), (confirmed.Type, confirmed.ToppedUpMinor, confirmed.BonusMinor, confirmed.Available.HereMinor));
        Assert.True(_store.Pay(new V1.TenderRequest { RequestId = "c", Op = topUp.Op }).Receipt.Repeated);
        Assert.Equal(V1.RejectionCode.TenderDecided, _store.Pay(new V1.RejectTenderRequest { RequestId = "r", Op = topUp.Op }).Rejection.Code);
        Assert.Equal(55_000, _store.Pay(new V1.VoidRequest { RequestId = "v", Op = topUp.Op }).Receipt.ToppedUpMinor + 5_000);
        var day = _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "day" });
        Assert.Equal((0, 0), (day.TopUps, day.ExpectedCashMinor));
    }

    [Fact]
    public void A_declined_payment_takes_the_pending_amount_away()
    {
        var member = _store.Register();
        var topUp = _store.Pay(new V1.TopUpRequest { RequestId = "t", MemberId = member, AmountMinor = 500, Tender = V1.Tender.CardStoreAndForward }).Receipt;
        var rejected = _store.Pay(new V1.RejectTenderRequest { RequestId = "r", Op = topUp.Op }).Receipt;
        Assert.Equal((0, 0, 0), (rejected.ToppedUpMinor, rejected.Available.PendingMinor, rejected.Available.ConfirmedMinor));
        Assert.Equal(V1.RejectionCode.AlreadyVoided, _store.Pay(new V1.TenderRequest { RequestId = "c", Op = topUp.Op }).Rejection.Code);
    }

    [Fact]
    public void An_adjustment_is_an_op_with_reason_and_name_and_stands_among_the_receipts()
    {
        var member = _store.Register();
        var given = _store.Pay(Adjustment(member, "a", V1.BucketKind.Principal, 400)).Receipt;
        Assert.Equal((V1.OpType.Adjust, 400, 400), (given.Type, given.AdjustedMinor, given.Available.HereMinor));
        var taken = _store.Pay(Adjustment(member, "b", V1.BucketKind.Principal, -150)).Receipt;
        Assert.Equal((-150, 250, 0), (taken.AdjustedMinor, taken.Available.HereMinor, taken.PaidPrincipalMinor));
        Assert.Equal(7, _store.Pay(Adjustment(member, "c", V1.BucketKind.Points, 7)).Receipt.PointsEarned);
        Assert.Equal(V1.RejectionCode.InsufficientFunds, _store.Pay(Adjustment(member, "d", V1.BucketKind.Points, -8)).Rejection.Code);
        Assert.Equal(V1.RejectionCode.UnknownMember, _store.Pay(Adjustment(new Core.Primitives.MemberId(5).ToString(), "e", V1.BucketKind.Points, 1)).Rejection.Code);
        Assert.Equal(3, _store.Ask<V1.LastReceiptsAnswer>(new V1.LastReceiptsRequest { Limit = 10 }).Receipts.Count);
    }

    private static V1.AdjustRequest Adjustment(string member, string request, V1.BucketKind kind, long delta) =>
        new() { RequestId = request, MemberId = member, Kind = kind, DeltaMinor = delta, Reason = "goodwill", Operator = "kim" };

    private V1.OpAnswer Redeem(string member, string request) => _store.Pay(new V1.RedeemRequest { RequestId = request, MemberId = member, Points = 20, What = "cup" });

    private void Use(Func<Ruleset, Ruleset> change) =>
        _store.Turn(new PolicyArrived(_store.NowMs, new V1.PolicyDelta { Version = 2, RulesetJson = RulesetJson.Write(change(RulesetJson.Preset("youzan"))) }));
}
