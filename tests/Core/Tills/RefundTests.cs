using SyncHub.Core.Ops;
using SyncHub.Core.Refunds;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Tills;

/// <summary>What a refund gives back, and to which bucket.</summary>
public sealed class RefundTests
{
    private static readonly OwnOp Sale = new(Make.Id(1), OpType.Sale, Make.Member, [Make.Debit(Make.ExpiredLot, 300), Make.Debit(Bucket.Principal, 700), Make.Credit(Bucket.Points, 20)], 2_000)
    {
        OtherTenderMinor = 1_000,
    };

    [Theory]
    [InlineData(ExpiredLotRefund.Unspecified, 1_000, 700, 300)]
    [InlineData(ExpiredLotRefund.BackToLot, 1_000, 700, 300)]
    [InlineData(ExpiredLotRefund.Principal, 1_000, 1_000, 0)]
    [InlineData(ExpiredLotRefund.None, 700, 700, 0)]
    public void What_an_expired_lot_paid_goes_where_the_rules_say(ExpiredLotRefund rule, long amount, long principal, long lot)
    {
        var op = Refund(rule, Sale, amount);

        Assert.Equal((principal, lot), (op.AmountOf(MoveKind.Credit, Bucket.Principal), op.AmountOf(MoveKind.Credit, Make.ExpiredLot)));
        Assert.Null(OpDefects.Find(op));
    }

    [Theory]
    [InlineData(ExpiredLotRefund.BackToLot)]
    [InlineData(ExpiredLotRefund.Principal)]
    public void Refunds_in_parts_give_back_all_and_never_more(ExpiredLotRefund rule) => SeededRandom.ForEachSeed(200, seed =>
    {
        var random = new SeededRandom(seed);
        var own = Sale;
        while (own.RefundableMinor > 0)
        {
            var amount = random.Between(1, own.RefundableMinor);
            var op = Refund(rule, own, amount);
            Assert.Equal(amount, op.MoneyMinor(MoveKind.Credit));
            own = own with { GivenBack = [.. own.GivenBack, .. op.Moves] };
        }

        Assert.Equal(own.PaidMinor, own.GivenBack.Where(move => move.Bucket.IsMoney).Sum(move => move.AmountMinor));
    });

    [Fact]
    public void Points_that_were_earned_on_cash_are_kept_when_the_wallet_part_is_refunded()
    {
        var op = Refund(ExpiredLotRefund.BackToLot, Sale, 1_000);

        Assert.Equal(10, op.AmountOf(MoveKind.Debit, Bucket.Points));
    }

    [Fact]
    public void A_refund_says_which_day_close_is_the_newest_in_its_log()
    {
        var moved = Sale with { Right = new RefundRight(Make.Holder(1), 9) };
        var op = new TillMachine(Make.Rules).Refund(new RefundCommand(Make.Context(), Sale.Id, 1) { ClosedUpTo = 8 }, moved, Make.Here(), Make.Id(10)).Op;

        Assert.Equal(8, op?.ClosedUpTo);
    }

    [Fact]
    public void Rules_that_do_not_say_where_expired_lots_go_are_written_as_before_and_the_others_are_read_back()
    {
        Assert.DoesNotContain("expiredLotRefund", RulesetJson.Write(Make.Rules), StringComparison.Ordinal);
        Assert.Equal(ExpiredLotRefund.Principal, RulesetJson.Parse(RulesetJson.Write(Make.Rules with { ExpiredLotRefund = ExpiredLotRefund.Principal })).ExpiredLotRefund);
    }

    private static Op Refund(ExpiredLotRefund rule, OwnOp own, long amount)
    {
        var decision = new TillMachine(Make.Rules with { ExpiredLotRefund = rule })
            .Refund(new RefundCommand(Make.Context(), own.Id, amount), own, Make.Here((Bucket.Points, 50)), Make.Id(2));
        Assert.True(decision.Op is not null, decision.Rejection?.Message);
        return decision.Op;
    }
}
