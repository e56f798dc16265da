using SyncHub.Core.Ops;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Tills;

/// <summary>What a store sells beyond the rights it holds.</summary>
public sealed class OnAccountTests
{
    private static readonly TillMachine Machine = new(Make.Rules with { Floor = new FloorRules { PerMemberMinor = 60, StoreBudgetMinor = 100 } });

    [Fact]
    public void Rights_pay_first_then_credit_then_the_floor()
    {
        var here = Make.Here((Bucket.Principal, 100), (Bucket.Credit, 30));

        var sale = Sell(here, 150).Op!;

        Assert.Equal([Make.Debit(Bucket.Principal, 100, 100), Make.Debit(Bucket.Credit, 30, 30), Make.Advance(20), Make.Credit(Bucket.Points, 1)], sale.Moves);
        Assert.Equal(50, sale.OnAccountMinor);
    }

    [Fact]
    public void Many_small_advances_are_one_large_one_until_the_hub_says_that_they_are_settled()
    {
        var here = Make.Here();
        TillMachine.Apply(Sell(here, 40).Op!, here);
        Assert.Equal(RejectionCode.InsufficientFunds, Sell(here, 21).Rejection!.Code);
        TillMachine.Apply(Sell(here, 20).Op!, here);
        Assert.Equal((60, 60), (here.FloorOutstandingMinor, here.ReceivableMinor));

        here.Confirmed();
        here.Replica = here.Replica! with { ReceivableMinor = 10, FloorAdvancedMinor = 60, FloorSettledMinor = 50 };

        Assert.Equal(10, here.ReceivableMinor);
        Assert.NotNull(Sell(here, 50).Op);
        Assert.Null(Sell(here, 51).Op);
    }

    public static TheoryData<string, Func<MemberHere, TillDecision>, bool> Refusals => new()
    {
        { "more than the floor", here => Sell(here, 61), false },
        { "more than is left of the store's budget", here => Sell(here, 50, open: 51), false },
        { "a member whom HQ denied", here => Sell(here, 10, isDenied: true), false },
        { "a floor that is off", here => new TillMachine(Make.Rules).Sale(new SaleCommand(Make.Context(), Make.Member, 10, 0, 0) { MayUseCredit = true }, here, Make.Id(2)), false },
        { "a floor without a budget", here => new TillMachine(Make.Rules with { Floor = new FloorRules { PerMemberMinor = 60 } }).Sale(new SaleCommand(Make.Context(), Make.Member, 10, 0, 0) { MayUseCredit = true }, here, Make.Id(2)), false },
        { "a till that has not asked for rights yet", here => Sell(here, 10, mayUseCredit: false), true },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void What_does_not_fit_is_refused_as_ever_and_says_whether_it_could_go_on_account(string what, Func<MemberHere, TillDecision> command, bool could)
    {
        var decision = command(Make.Here());

        Assert.NotEmpty(what);
        Assert.Equal((RejectionCode.InsufficientFunds, could), (decision.Rejection!.Code, decision.Rejection.CouldUseCredit));
    }

    [Fact]
    public void Credit_that_lies_elsewhere_is_asked_for()
    {
        var here = Make.Here((Bucket.Principal, 100)).Confirmed((Bucket.Principal, 100), (Bucket.Credit, 500));

        Assert.Equal([new GrantTarget(Bucket.Credit, 200)], Sell(here, 300).Rejection!.Wanted);
    }

    [Fact]
    public void A_void_or_refund_of_a_sale_on_account_takes_the_debt_back_first()
    {
        var here = Make.Here((Bucket.Principal, 100), (Bucket.Credit, 30));
        var own = OwnOp.Of(Sell(here, 150).Op!);

        Assert.Equal([Make.Settle(50), Make.Credit(Bucket.Principal, 100, 100)], Machine.Void(new VoidCommand(Make.Context(), own.Id), own, here, Make.Id(3)).Op!.Moves);

        var part = Machine.Refund(new RefundCommand(Make.Context(), own.Id, 70), own, here, Make.Id(3)).Op!;
        Assert.Equal([Make.Settle(50), Make.Credit(Bucket.Principal, 20, 100)], part.Moves);
        Assert.Equal((150, 80), (own.RefundableMinor, (own with { GivenBack = part.Moves }).RefundableMinor));
        Assert.Equal(RejectionCode.RefundTooLarge, Machine.Refund(new RefundCommand(Make.Context(), own.Id, 81), own with { GivenBack = part.Moves }, here, Make.Id(3)).Rejection!.Code);
    }

    [Fact]
    public void A_spent_top_up_is_voided_only_when_the_rest_is_to_be_owed()
    {
        var own = new OwnOp(Make.Id(1), OpType.TopUp, Make.Member, [Make.Credit(Bucket.Principal, 100), Make.Credit(Make.Lot, 10)], 100);
        var here = Make.Here((Bucket.Principal, 30));
        Assert.Equal(RejectionCode.InsufficientRights, Machine.Void(new VoidCommand(Make.Context(), own.Id), own, here, Make.Id(2)).Rejection!.Code);

        var undone = Machine.Void(new VoidCommand(Make.Context(), own.Id) { AsReceivable = true }, own, here, Make.Id(2)).Op!;

        Assert.Equal([Make.Debit(Bucket.Principal, 30, 30), Make.Advance(70), Make.Advance(10) with { Bucket = Make.Lot }], undone.Moves);
        Assert.Null(OpDefects.Find(undone));
    }

    private static TillDecision Sell(MemberHere here, long bill, long open = 0, bool isDenied = false, bool mayUseCredit = true) =>
        Machine.Sale(new SaleCommand(Make.Context() with { Standing = new StoreStanding(0, open) }, Make.Member, bill, 0, 0) { MayUseCredit = mayUseCredit, IsDenied = isDenied }, here, Make.Id(2));
}
