using SyncHub.Agent.Engine;
using SyncHub.Core.Rules;

namespace SyncHub.Agent.Tests;

/// <summary>Sales beyond the rights here: credit and the floor.</summary>
public sealed class OnAccountTests
{
    private readonly EngineDriver _store = new();

    [Fact]
    public void An_offline_store_advances_within_the_floor_and_says_so_also_after_a_crash()
    {
        Use();
        var member = _store.Register();
        _store.TopUp(member, 1_000);
        var receipt = _store.Sell(member, 1_400).Receipt;
        Assert.Equal((1_000, 400, 400), (receipt.PaidPrincipalMinor, receipt.OnAccountMinor, receipt.Available.ReceivableMinor));

        _store.Crash();
        Assert.Equal(V1.RejectionCode.InsufficientFunds, _store.Sell(member, 201, "b").Rejection.Code);
        Assert.Equal(200, _store.Sell(member, 200, "c").Receipt.OnAccountMinor);

        // Acknowledged, but not settled: the member stays at the floor, the store has its budget back.
        _store.Turn(new Acknowledged(_store.NowMs, _store.Engine.TipSequence));
        Assert.NotNull(_store.Sell(member, 1, "d").Rejection);
        var other = _store.Register("13800000002", "other");
        Assert.Equal(600, _store.Sell(other, 600, "e").Receipt.OnAccountMinor);

        var delta = new V1.MemberDelta { Member = EngineDriver.Bytes(member), Version = 9, Profile = new V1.MemberProfile { Name = "Li Lei" }, OwnAdvancedMinor = 600, OwnFloorSettledMinor = 600 };
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(delta, null), 1));
        Assert.Equal(0, _store.Balance(member).ReceivableMinor);
        Assert.Equal(100, _store.Sell(member, 100, "f").Receipt.OnAccountMinor);
    }

    [Fact]
    public void The_budget_of_a_store_is_for_all_members_together()
    {
        Use();
        Assert.NotNull(_store.Sell(_store.Register("13800000001", "1"), 600, "a").Receipt);
        Assert.NotNull(_store.Sell(_store.Register("13800000002", "2"), 401, "b").Rejection);
        Assert.NotNull(_store.Sell(_store.Register("13800000003", "3"), 400, "c").Receipt);
    }

    [Fact]
    public void A_member_whom_headquarters_denied_gets_no_advance()
    {
        var member = _store.Register();
        Use(member);
        Assert.Equal(V1.RejectionCode.InsufficientFunds, _store.Sell(member, 10).Rejection.Code);
        _store.Crash();
        Assert.Equal(V1.RejectionCode.InsufficientFunds, _store.Sell(member, 10).Rejection.Code);
    }

    [Fact]
    public void While_there_is_a_hub_it_is_asked_for_rights_before_anything_goes_on_account()
    {
        Use();
        var member = _store.Register();
        _store.IsOnline = true;
        var call = _store.Call(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 100 });

        var first = _store.Turn(call)[0];
        Assert.True(first.CouldUseCredit);
        Assert.NotNull(((V1.OpAnswer)first.Answer!).Rejection);

        var last = _store.Turn(call with { MayUseCredit = true })[0];
        Assert.Equal(100, ((V1.OpAnswer)last.Answer!).Receipt.OnAccountMinor);
    }

    [Fact]
    public void A_spent_top_up_is_voided_on_the_members_account_when_the_till_says_so()
    {
        var member = _store.Register();
        var topUp = _store.TopUp(member, 1_000).Receipt;
        _store.Sell(member, 700);
        Assert.Equal(V1.RejectionCode.InsufficientRights, _store.Pay(new V1.VoidRequest { RequestId = "v", Op = topUp.Op }).Rejection.Code);

        var undone = _store.Pay(new V1.VoidRequest { RequestId = "v2", Op = topUp.Op, AsReceivable = true }).Receipt;

        Assert.Equal((300, 700, 0), (undone.ToppedUpMinor, undone.OnAccountMinor, undone.Available.HereMinor));
        Assert.Equal(0, _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "day" }).ExpectedCashMinor);
    }

    private void Use(params string[] denied)
    {
        var rules = RulesetJson.Preset("youzan") with { Floor = new FloorRules { PerMemberMinor = 600, StoreBudgetMinor = 1_000 } };
        var policy = new V1.PolicyDelta { Version = 2, RulesetJson = RulesetJson.Write(rules) };
        policy.FloorDenied.AddRange(denied.Select(EngineDriver.Bytes));
        _store.Turn(new PolicyArrived(_store.NowMs, policy));
    }
}
