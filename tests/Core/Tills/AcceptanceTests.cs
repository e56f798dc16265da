using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Tills;

public sealed class AcceptanceTests
{
    private static readonly TillMachine Machine = new(Make.Rules);

    private static readonly OwnOp Sale = new(Make.Id(1), OpType.Sale, Make.Member,
        [Make.Debit(Make.Lot, 300), Make.Debit(Bucket.Principal, 700), Make.Credit(Bucket.Points, 10)], 1_000);

    [Fact]
    public void A_top_up_credits_principal_and_the_bonus_lot_of_this_store()
    {
        var op = Accepted(Machine.TopUp(new TopUpCommand(Make.Context(), Make.Member, 10_000), Make.Here(), Make.Id(2, store: 3)));

        // 2026-03-10 with one month: the bonus is good to the end of April.
        var expiry = new DateOnly(2026, 4, 30).DayNumber - new DateOnly(1970, 1, 1).DayNumber;
        Assert.Equal([Make.Credit(Bucket.Principal, 10_000), Make.Credit(Bucket.Of(new LotId(new(3), 1, expiry)), 1_000)], op.Moves);
        Assert.Equal(10_000, op.BillMinor);
    }

    [Fact]
    public void A_sale_takes_bonus_then_principal_and_gives_points_for_what_is_paid()
    {
        var here = Make.Here((Bucket.Principal, 1_000), (Make.Lot, 500), (Bucket.Points, 30));

        var op = Accepted(Machine.Sale(new SaleCommand(Make.Context(), Make.Member, 1_600, 20, 300), here, Make.Id(2)));

        Assert.Equal([Make.Debit(Make.Lot, 500, 500), Make.Debit(Bucket.Principal, 600, 1_000), Make.Debit(Bucket.Points, 20, 30), Make.Credit(Bucket.Points, 14, 30)], op.Moves);
        Assert.Equal((1_600, 200, 300), (op.BillMinor, op.DiscountMinor, op.OtherTenderMinor));
        Assert.Null(OpDefects.Find(op));
    }

    [Fact]
    public void A_bill_of_exactly_what_lies_here_is_paid_without_asking_anybody() =>
        Accepted(Machine.Sale(new SaleCommand(Make.Context(), Make.Member, 1_500, 0, 0), Make.Here((Bucket.Principal, 1_000), (Make.Lot, 500)), Make.Id(2)));

    [Fact]
    public void An_expired_lot_pays_nothing_and_is_not_counted_as_confirmed()
    {
        var here = Make.Here((Make.ExpiredLot, 500)).Confirmed((Make.ExpiredLot, 500));

        var decision = Machine.Sale(new SaleCommand(Make.Context(), Make.Member, 100, 0, 0), here, Make.Id(2));

        Assert.Equal(RejectionCode.InsufficientFunds, decision.Rejection?.Code);
        Assert.Empty(decision.Rejection!.Wanted);
    }

    [Fact]
    public void A_void_of_a_sale_gives_every_bucket_back_and_takes_the_points()
    {
        var op = Accepted(Machine.Void(new VoidCommand(Make.Context(), Make.Id(1)), Sale, Make.Here((Bucket.Points, 10)), Make.Id(2)));

        Assert.Equal([Make.Credit(Make.Lot, 300), Make.Credit(Bucket.Principal, 700), Make.Debit(Bucket.Points, 10, 10)], op.Moves);
        Assert.Equal(Make.Id(1), op.Reference);
        Assert.Empty(op.Note);
    }

    [Fact]
    public void A_void_of_a_sale_whose_points_were_spent_takes_what_is_left_and_notes_the_rest()
    {
        var op = Accepted(Machine.Void(new VoidCommand(Make.Context(), Make.Id(1)), Sale, Make.Here((Bucket.Points, 4)), Make.Id(2)));

        Assert.Equal(4, op.AmountOf(MoveKind.Debit, Bucket.Points));
        Assert.Equal("6 points were spent already", op.Note);
    }

    [Fact]
    public void A_void_of_a_top_up_that_lies_elsewhere_names_every_right_that_would_let_it_through()
    {
        var topUp = new OwnOp(Make.Id(1), OpType.TopUp, Make.Member, [Make.Credit(Bucket.Principal, 10_000), Make.Credit(Make.Lot, 1_000)], 10_000);
        var here = Make.Here((Bucket.Principal, 400), (Make.Lot, 100));

        var refused = Machine.Void(new VoidCommand(Make.Context(), Make.Id(1)), topUp, here, Make.Id(2));
        foreach (var target in refused.Rejection!.Wanted)
        {
            here.Lines[target.Bucket] = here.LineOf(target.Bucket).WithGranted(target.Granted);
        }

        var op = Accepted(Machine.Void(new VoidCommand(Make.Context(), Make.Id(1)), topUp, here, Make.Id(2)));
        Assert.Equal(11_000, op.MoneyMinor(MoveKind.Debit));
    }

    [Fact]
    public void A_void_takes_back_from_the_lifetime_spend_what_the_sale_had_added()
    {
        var here = Make.Here((Bucket.Principal, 0));
        here.Replica = Make.Here().Confirmed().Replica! with { LifetimeSpendMinor = 100_000 };
        var hub = new MemberState(Make.Member, Make.Currency) { LifetimeSpendMinor = 100_000 };
        var topUp = Accepted(Machine.TopUp(new TopUpCommand(Make.Context(), Make.Member, 5_000), here, Make.Id(1)));
        TillMachine.Apply(topUp, here);

        var sale = Accepted(Machine.Sale(new SaleCommand(Make.Context(), Make.Member, 1_000, 0, 0), here, Make.Id(2)));
        TillMachine.Apply(sale, here);
        var undo = Accepted(Machine.Void(new VoidCommand(Make.Context(), sale.Id), OwnOp.Of(sale), here, Make.Id(3)));

        hub.Apply(new OpApplied(topUp), Make.NowMs);
        hub.Apply(new OpApplied(sale), Make.NowMs);
        Assert.Equal(100_900, hub.LifetimeSpendMinor);
        hub.Apply(new OpApplied(undo), Make.NowMs);
        Assert.Equal(100_000, hub.LifetimeSpendMinor);
    }

    [Fact]
    public void A_refund_gives_back_last_spent_first_and_takes_points_in_proportion()
    {
        var op = Accepted(Machine.Refund(new RefundCommand(Make.Context(), Make.Id(1), 750), Sale, Make.Here((Bucket.Points, 10)), Make.Id(2)));

        Assert.Equal([Make.Credit(Bucket.Principal, 700), Make.Credit(Make.Lot, 50), Make.Debit(Bucket.Points, 7, 10)], op.Moves);
    }

    [Fact]
    public void Many_small_refunds_come_to_the_same_as_one_large_one() => SeededRandom.ForEachSeed(500, seed =>
    {
        var random = new SeededRandom(seed);
        var lot = random.Between(1, 500);
        var principal = random.Between(1, 500);
        var earned = random.Between(1, 40);
        var own = new OwnOp(Make.Id(1), OpType.Sale, Make.Member, [Make.Debit(Make.Lot, lot), Make.Debit(Bucket.Principal, principal), Make.Credit(Bucket.Points, earned)], lot + principal);
        var here = Make.Here((Bucket.Points, earned));
        for (var sequence = 2; own.RefundableMinor > 0; sequence++)
        {
            var amount = random.Between(1, own.RefundableMinor);
            var op = Accepted(Machine.Refund(new RefundCommand(Make.Context(), own.Id, amount), own, here, Make.Id(sequence)));
            Assert.Equal(amount, op.MoneyMinor(MoveKind.Credit));
            TillMachine.Apply(op, here);
            own = own with { GivenBack = [.. own.GivenBack, .. op.Moves] };
        }

        Assert.Equal(lot, own.GivenBackOf(MoveKind.Credit, Make.Lot));
        Assert.Equal(principal, own.GivenBackOf(MoveKind.Credit, Bucket.Principal));
        Assert.Equal(earned, own.GivenBackOf(MoveKind.Debit, Bucket.Points));
        Assert.Equal(0, here.PointsHere);
    });

    [Fact]
    public void Granting_what_a_refused_sale_wanted_lets_it_through() => SeededRandom.ForEachSeed(2_000, seed =>
    {
        var random = new SeededRandom(seed);
        var machine = new TillMachine(Make.Rules with { SpendOrder = (SpendOrder)random.Between(1, 3) });
        Bucket[] buckets = [Bucket.Principal, Make.Lot, Make.LaterLot, Bucket.Points];
        var totals = buckets.Select(bucket => (Bucket: bucket, Total: random.Between(0, 2_000))).ToArray();
        var here = Make.Here([.. totals.Select(total => (total.Bucket, random.Between(0, total.Total)))]).Confirmed(totals);
        var command = new SaleCommand(Make.Context(), Make.Member, random.Between(1, 6_000), random.Between(0, 3) * 20, 0);

        var refused = machine.Sale(command, here, Make.Id(2));
        if (refused.Rejection?.Code != RejectionCode.InsufficientRights)
        {
            return;
        }

        foreach (var target in refused.Rejection.Wanted)
        {
            Assert.True(target.Granted <= totals.Single(total => total.Bucket == target.Bucket).Total, "more is wanted than the wallet has");
            here.Lines[target.Bucket] = here.LineOf(target.Bucket).WithGranted(target.Granted);
        }

        Accepted(machine.Sale(command, here, Make.Id(2)));
    });

    [Fact]
    public void A_revoke_is_answered_down_to_the_level_unless_a_newer_grant_came()
    {
        var here = Make.Here((Bucket.Principal, 1_000), (Make.Lot, 500), (Bucket.Points, 5));

        var op = Machine.Relinquish(here, [new(Bucket.Principal, 300, 1_000), new(Make.Lot, 0, 499), new(Bucket.Points, 9, 5)], Make.Id(2), Make.NowMs);

        Assert.Equal([Make.Relinquish(Bucket.Principal, 700, 1_000)], op?.Moves);
        Assert.Null(OpDefects.Find(op!));
        Assert.Null(Machine.Relinquish(here, [new(Make.LaterLot, 0, 0)], Make.Id(2), Make.NowMs));
    }

    [Fact]
    public void A_revoke_below_zero_keeps_nothing_and_one_named_twice_is_answered_once()
    {
        var here = Make.Here((Bucket.Principal, 1_000));

        var op = Machine.Relinquish(here, [new(Bucket.Principal, -5, 1_000), new(Bucket.Principal, 0, 1_000)], Make.Id(2), Make.NowMs)!;
        TillMachine.Apply(op, here);

        Assert.Equal(0, here.LineOf(Bucket.Principal).Available);
    }

    [Fact]
    public void A_registration_names_this_store_as_home()
    {
        var op = Accepted(Machine.Register(new RegisterCommand(Make.Context(), Make.Member, new MemberProfile("Mei", "13800", "", default, "")), Make.Id(1, store: 2)));

        Assert.Equal(new(2), op.Profile!.HomeStore);
        var here = Make.Here();
        TillMachine.Apply(op, here);
        Assert.True(here.IsKnown);
    }

    [Fact]
    public void Spending_more_than_the_allowance_breaks_I1_and_changes_nothing()
    {
        var here = Make.Here((Bucket.Principal, 10));

        Assert.Throws<InvalidOperationException>(() => TillMachine.Apply(Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 11)), here));
        Assert.Equal(10, here.LineOf(Bucket.Principal).Available);
    }

    private static Op Accepted(TillDecision decision)
    {
        Assert.True(decision.Op is not null, decision.Rejection?.Message);
        return decision.Op;
    }
}
