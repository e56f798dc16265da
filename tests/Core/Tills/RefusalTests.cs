using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Tills;

/// <summary>One row for each refusal that a till can meet. A refused command leaves the member as it was.</summary>
public sealed class RefusalTests
{
    private static readonly TillMachine Machine = new(Make.Rules);

    private static readonly OwnOp Sale = new(Make.Id(1), OpType.Sale, Make.Member,
        [Make.Debit(Make.Lot, 300), Make.Debit(Bucket.Principal, 700), Make.Credit(Bucket.Points, 10)], 1_000);

    private static readonly OwnOp TopUp = new(Make.Id(1), OpType.TopUp, Make.Member,
        [Make.Credit(Bucket.Principal, 10_000), Make.Credit(Make.Lot, 1_000)], 10_000);

    private static readonly OwnOp ExpiredSale = Sale with { Moves = [Make.Debit(Make.ExpiredLot, 300), Make.Debit(Bucket.Principal, 700)] };

    private static readonly TillMachine NoRefundOfExpired = new(Make.Rules with { ExpiredLotRefund = ExpiredLotRefund.None });

    private static readonly MemberProfile Profile = new("Mei", "+8613800000000", "C1", default, "");

    public static TheoryData<string, Func<MemberHere, TillDecision>, RejectionCode> Table => new()
    {
        // --- the request itself
        { "top-up without a request id", here => TopUpOf(100, here, ""), RejectionCode.InvalidRequest },
        { "top-up with a request id of 65", here => TopUpOf(100, here, new string('x', 65)), RejectionCode.InvalidRequest },
        { "sale without a request id", here => SaleOf(100, here, requestId: ""), RejectionCode.InvalidRequest },
        { "redeem without a request id", here => Machine.Redeem(new RedeemCommand(Make.Context(""), Make.Member, 20, "cup"), here, Make.Id(2)), RejectionCode.InvalidRequest },
        { "void without a request id", here => Machine.Void(new VoidCommand(Make.Context(""), Sale.Id), Sale, here, Make.Id(2)), RejectionCode.InvalidRequest },
        { "refund without a request id", here => Machine.Refund(new RefundCommand(Make.Context(""), Sale.Id, 1), Sale, here, Make.Id(2)), RejectionCode.InvalidRequest },
        { "registration without a request id", _ => Register(Profile, ""), RejectionCode.InvalidRequest },
        { "terminal of 65", here => Machine.TopUp(new TopUpCommand(Make.Context() with { Terminal = new string('x', 65) }, Make.Member, 1), here, Make.Id(2)), RejectionCode.InvalidRequest },
        { "operator of 65", here => Machine.TopUp(new TopUpCommand(Make.Context() with { Operator = new string('x', 65) }, Make.Member, 1), here, Make.Id(2)), RejectionCode.InvalidRequest },
        { "registration without a name", _ => Register(Profile with { Name = "" }), RejectionCode.InvalidRequest },
        { "name of 101", _ => Register(Profile with { Name = new string('x', 101) }), RejectionCode.InvalidRequest },
        { "card of 41", _ => Register(Profile with { Card = new string('x', 41) }), RejectionCode.InvalidRequest },
        { "notes of 1001", _ => Register(Profile with { Notes = new string('x', 1001) }), RejectionCode.InvalidRequest },
        { "phone of 4 digits", _ => Register(Profile with { Phone = "1234" }), RejectionCode.InvalidRequest },
        { "phone of 21 digits", _ => Register(Profile with { Phone = new string('1', 21) }), RejectionCode.InvalidRequest },
        { "phone of a plus alone", _ => Register(Profile with { Phone = "+" }), RejectionCode.InvalidRequest },
        { "phone with a letter", _ => Register(Profile with { Phone = "12345a" }), RejectionCode.InvalidRequest },
        { "phone with a digit of another script", _ => Register(Profile with { Phone = "12345\u0661" }), RejectionCode.InvalidRequest },
        { "a bad request with a bad amount", here => TopUpOf(0, here, ""), RejectionCode.InvalidRequest },

        // --- amounts
        { "top-up of zero", here => TopUpOf(0, here), RejectionCode.InvalidAmount },
        { "top-up below zero", here => TopUpOf(-1, here), RejectionCode.InvalidAmount },
        { "top-up beyond the limit", here => TopUpOf(Amount.LargestRequestMinor + 1, here), RejectionCode.InvalidAmount },
        { "top-up of the largest number", here => TopUpOf(long.MaxValue, here), RejectionCode.InvalidAmount },
        { "bill of zero", here => SaleOf(0, here), RejectionCode.InvalidAmount },
        { "bill below zero", here => SaleOf(-1, here), RejectionCode.InvalidAmount },
        { "bill of the largest number", here => SaleOf(long.MaxValue, here), RejectionCode.InvalidAmount },
        { "bill of the smallest number", here => SaleOf(long.MinValue, here), RejectionCode.InvalidAmount },
        { "other tender below zero", here => SaleOf(100, here, other: -1), RejectionCode.InvalidAmount },
        { "other tender above the bill", here => SaleOf(100, here, other: 101), RejectionCode.InvalidAmount },
        { "other tender of the largest number", here => SaleOf(100, here, other: long.MaxValue), RejectionCode.InvalidAmount },
        { "points below zero in a sale", here => SaleOf(100, here, points: -1), RejectionCode.InvalidAmount },
        { "points beyond the limit in a sale", here => SaleOf(100, here, points: long.MaxValue / 10 * 10), RejectionCode.InvalidAmount },
        { "redemption of zero", here => RedeemOf(0, here), RejectionCode.InvalidAmount },
        { "redemption below zero", here => RedeemOf(-20, here), RejectionCode.InvalidAmount },
        { "redemption of the largest number", here => RedeemOf(long.MaxValue, here), RejectionCode.InvalidAmount },
        { "refund of zero", here => RefundOf(0, Sale, here), RejectionCode.InvalidAmount },
        { "refund below zero", here => RefundOf(-1, Sale, here), RejectionCode.InvalidAmount },
        { "refund of the largest number", here => RefundOf(long.MaxValue, Sale, here), RejectionCode.InvalidAmount },

        // --- points
        { "points below the minimum", here => SaleOf(10_000, here, points: 10), RejectionCode.NotRedeemable },
        { "points off the step", here => SaleOf(10_000, here, points: 25), RejectionCode.NotRedeemable },
        { "points for more than half the bill", here => SaleOf(399, here, points: 20), RejectionCode.NotRedeemable },
        { "redemption below the minimum", here => RedeemOf(19, here), RejectionCode.NotRedeemable },

        // --- money and points that are not there: 1000 principal, 500 lot and 30 points here; 2000, 500 and 50 in all
        { "bill above the whole wallet", here => SaleOf(2_501, here), RejectionCode.InsufficientFunds },
        { "bill above what lies here", here => SaleOf(1_501, here), RejectionCode.InsufficientRights },
        { "bill of the whole wallet", here => SaleOf(2_500, here), RejectionCode.InsufficientRights },
        { "redemption above all points", here => RedeemOf(51, here), RejectionCode.InsufficientFunds },
        { "redemption above the points here", here => RedeemOf(31, here), RejectionCode.InsufficientRights },
        { "sale with points that lie elsewhere", here => SaleOf(1_000, here, points: 40), RejectionCode.InsufficientRights },
        { "sale with points that nobody has", here => SaleOf(2_000, here, points: 60), RejectionCode.InsufficientFunds },

        // --- the lease of the store
        { "sale past the lease", here => Machine.Sale(new SaleCommand(Late(), Make.Member, 100, 0, 0), here, Make.Id(2)), RejectionCode.LeaseEnded },
        { "points in a sale past the lease", here => Machine.Sale(new SaleCommand(Late(), Make.Member, 400, 20, 200), here, Make.Id(2)), RejectionCode.LeaseEnded },
        { "sale past the lease of more than there is", here => Machine.Sale(new SaleCommand(Late(), Make.Member, 9_999, 0, 0), here, Make.Id(2)), RejectionCode.LeaseEnded },
        { "redemption past the lease", here => Machine.Redeem(new RedeemCommand(Late(), Make.Member, 20, "cup"), here, Make.Id(2)), RejectionCode.LeaseEnded },

        // --- voids
        { "void of an unknown op", here => VoidOf(null, here), RejectionCode.UnknownOp },
        { "void of a void", here => VoidOf(Sale with { Type = OpType.Void }, here), RejectionCode.UnknownOp },
        { "void of a refund", here => VoidOf(Sale with { Type = OpType.Refund }, here), RejectionCode.UnknownOp },
        { "void of a relinquishment", here => VoidOf(Sale with { Type = OpType.Relinquish }, here), RejectionCode.UnknownOp },
        { "second void", here => VoidOf(Sale with { IsVoided = true }, here), RejectionCode.AlreadyVoided },
        { "void of a refunded sale", here => VoidOf(Sale with { GivenBack = [Make.Credit(Bucket.Principal, 1)] }, here), RejectionCode.AlreadyVoided },
        { "void after the day close", here => VoidOf(Sale, here, closedUpTo: 1), RejectionCode.RefundRightElsewhere },
        { "void of a top-up that was spent, after the day close", here => VoidOf(TopUp, here, closedUpTo: 1), RejectionCode.RefundRightElsewhere },
        { "void of a closed day's op that is not kept any more", here => VoidOf(null, here, closedUpTo: 1), RejectionCode.RefundRightElsewhere },
        { "void of another store's op", here => Machine.Void(new VoidCommand(Make.Context(), Make.Id(1, store: 2)), null, here, Make.Id(2)), RejectionCode.RefundRightElsewhere },
        { "void under a right that a day close gave up", here => VoidOf(Moved(Sale, since: 5), here, closedUpTo: 5), RejectionCode.RefundRightElsewhere },
        { "void of a top-up that was spent", here => VoidOf(TopUp, here), RejectionCode.InsufficientRights },

        // --- refunds
        { "refund of an unknown op", here => RefundOf(1, null, here), RejectionCode.UnknownOp },
        { "refund of a top-up", here => RefundOf(1, TopUp, here), RejectionCode.UnknownOp },
        { "refund of a voided sale", here => RefundOf(1, Sale with { IsVoided = true }, here), RejectionCode.AlreadyVoided },
        { "refund above the sale", here => RefundOf(1_001, Sale, here), RejectionCode.RefundTooLarge },
        { "refund above the rest of the sale", here => RefundOf(400, Sale with { GivenBack = [Make.Credit(Bucket.Principal, 601)] }, here), RejectionCode.RefundTooLarge },
        { "refund after the day close", here => RefundOf(1, Sale, here, closedUpTo: 1), RejectionCode.RefundRightElsewhere },
        { "refund of another store's sale", here => Machine.Refund(new RefundCommand(Make.Context(), Make.Id(1, store: 2), 1), null, here, Make.Id(2)), RejectionCode.RefundRightElsewhere },
        { "refund under a right that a day close gave up", here => RefundOf(1, Moved(Sale, since: 5), here, closedUpTo: 6), RejectionCode.RefundRightElsewhere },
        { "refund of what an expired lot paid, where the rules forfeit it", here => NoRefundOfExpired.Refund(new RefundCommand(Make.Context(), Sale.Id, 701), ExpiredSale, here, Make.Id(2)), RejectionCode.RefundTooLarge },
        { "refund of a sale that no wallet paid", here => RefundOf(1, Sale with { Moves = [Make.Credit(Bucket.Points, 10)] }, here), RejectionCode.RefundTooLarge },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_refused_command_says_why_and_changes_nothing(string what, Func<MemberHere, TillDecision> command, RejectionCode expected)
    {
        var here = Make.Here((Bucket.Principal, 1_000), (Make.Lot, 500), (Bucket.Points, 30))
            .Confirmed((Bucket.Principal, 2_000), (Make.Lot, 500), (Bucket.Points, 50));
        var before = here.Lines.ToArray();

        var decision = command(here);

        Assert.NotEmpty(what);
        Assert.Null(decision.Op);
        Assert.Equal(expected, decision.Rejection?.Code);
        Assert.NotEmpty(decision.Rejection!.Message);
        Assert.Equal(before, here.Lines);
        Assert.Equal(expected is RejectionCode.InsufficientRights, decision.Rejection.Wanted.Count > 0 && expected != RejectionCode.InsufficientFunds);
    }

    private static TillDecision TopUpOf(long amount, MemberHere here, string requestId = "r") =>
        Machine.TopUp(new TopUpCommand(Make.Context(requestId), Make.Member, amount), here, Make.Id(2));

    private static TillDecision SaleOf(long bill, MemberHere here, long points = 0, long other = 0, string requestId = "r") =>
        Machine.Sale(new SaleCommand(Make.Context(requestId), Make.Member, bill, points, other), here, Make.Id(2));

    private static TillContext Late() => Make.Context() with { Standing = new StoreStanding(0, IsPastLease: true) };

    private static TillDecision RedeemOf(long points, MemberHere here) =>
        Machine.Redeem(new RedeemCommand(Make.Context(), Make.Member, points, "cup"), here, Make.Id(2));

    private static TillDecision VoidOf(OwnOp? own, MemberHere here, long closedUpTo = 0) => Machine.Void(new VoidCommand(Make.Context(), Make.Id(1)) { ClosedUpTo = closedUpTo }, own, here, Make.Id(2));

    private static TillDecision RefundOf(long amount, OwnOp? own, MemberHere here, long closedUpTo = 0) =>
        Machine.Refund(new RefundCommand(Make.Context(), Make.Id(1), amount) { ClosedUpTo = closedUpTo }, own, here, Make.Id(2));

    private static OwnOp Moved(OwnOp own, long since) => own with { Right = new RefundRight(Make.Holder(1), since) };

    private static TillDecision Register(MemberProfile profile, string requestId = "r") =>
        Machine.Register(new RegisterCommand(Make.Context(requestId), Make.Member, profile), Make.Id(2));
}
