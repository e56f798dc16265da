using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Ops;

public sealed class OpDefectsTests
{
    public static TheoryData<string, Op, string?> Table => new()
    {
        { "a sale", Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 1), Make.Credit(Bucket.Points, 1), Make.Debit(Bucket.Points, 1)), null },
        { "a relinquishment", Make.Op(OpType.Relinquish, Make.Relinquish(Make.Lot, 1)), null },
        { "a day close without a member", Make.Op(OpType.CloseDay) with { Member = default }, null },
        { "no type", Make.Op(OpType.Unspecified), "op type 0" },
        { "a type of a later version", Make.Op((OpType)99), "op type 99" },
        { "no member", Make.Op(OpType.Sale) with { Member = default }, "names no member" },
        { "a move of zero", Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 0)), "a move of 0" },
        { "a negative move", Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, -5)), "a move of -5" },
        { "a huge move", Make.Op(OpType.TopUp, Make.Credit(Bucket.Principal, (Amount.LargestRequestMinor * 1000) + 1)), "a move of 1000000000001" },
        { "a bucket of no kind", Make.Op(OpType.Sale, Make.Debit(default, 1)), "bucket kind 0" },
        { "a bucket of a later version", Make.Op(OpType.Sale, Make.Debit(new Bucket((BucketKind)9, default), 1)), "bucket kind 9" },
        { "a move of no kind", Make.Op(OpType.Sale, new Move(MoveKind.Unspecified, Bucket.Principal, 1, 0)), "move kind 0" },
        { "a move of a later version", Make.Op(OpType.Sale, new Move((MoveKind)7, Bucket.Principal, 1, 0)), "move kind 7" },
        { "rights given up in a sale", Make.Op(OpType.Sale, Make.Relinquish(Bucket.Principal, 1)), "Relinquish in a Sale" },
        { "a debit in a relinquishment", Make.Op(OpType.Relinquish, Make.Debit(Bucket.Principal, 1)), "Debit in a Relinquish" },
        { "an adjustment by hand", Make.Op(OpType.Adjust, Make.Credit(Bucket.Points, 5)), null },
        { "a payment that was made", Make.Op(OpType.Adjust, Make.Debit(Bucket.Pending, 5), Make.Credit(Bucket.Principal, 5)) with { Reference = Make.Id(1) }, null },
        { "a type between the known ones", Make.Op((OpType)18), "op type 18" },
        { "an adjustment of nothing", Make.Op(OpType.Adjust), "moves nothing" },
        { "value in a day close", Make.Op(OpType.CloseDay, Make.Credit(Bucket.Principal, 1)), "value moves in a CloseDay" },
        { "value in a registration", Make.Op(OpType.RegisterMember, Make.Credit(Bucket.Principal, 1)), "value moves in a RegisterMember" },
        { "a void of nothing", Make.Op(OpType.Void, Make.Credit(Bucket.Principal, 1)), "a Void that names no op" },
        { "a refund of nothing", Make.Op(OpType.Refund, Make.Credit(Bucket.Principal, 1)), "a Refund that names no op" },
        { "a bill beyond all measure", Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 1)) with { BillMinor = long.MaxValue }, "beyond all measure" },
        { "a negative discount", Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 1)) with { DiscountMinor = -1 }, "beyond all measure" },
        { "principal with a lot", Make.Op(OpType.Sale, Make.Debit(new Bucket(BucketKind.Principal, Make.Lot.Lot), 1)), "a lot of Principal" },
        { "a sale of pending value", Make.Op(OpType.Sale, Make.Debit(Bucket.Pending, 1)), "a Debit of pending value in a Sale" },
        { "pending value handed back", Make.Op(OpType.Relinquish, Make.Relinquish(Bucket.Pending, 1)), "a Relinquish of pending value" },
        { "pending value taken by hand", Make.Op(OpType.Adjust, Make.Debit(Bucket.Pending, 1)), "a Debit of pending value in a Adjust" },
        { "a sale on account", Make.Op(OpType.Sale, Make.Debit(Bucket.Credit, 5), Make.Advance(5)), null },
        { "a void of it", Make.Op(OpType.Void, Make.Settle(10)) with { Reference = Make.Id(1) }, null },
        { "a top-up on account", Make.Op(OpType.TopUp, Make.Advance(5)), "a Advance of Principal on account in a TopUp" },
        { "an advance of points", Make.Op(OpType.Sale, Make.Advance(5) with { Bucket = Bucket.Points }), "a Advance of Points" },
        { "an advance of a lot in a sale", Make.Op(OpType.Sale, Make.Advance(5) with { Bucket = Make.Lot }), "a Advance of Lot" },
        { "a settlement by a sale", Make.Op(OpType.Sale, Make.Settle(5)), "a Settle of Principal on account in a Sale" },
        { "credit given by a store", Make.Op(OpType.TopUp, Make.Credit(Bucket.Credit, 5)), "a Credit of Credit on account" },
        { "credit taken by hand", Make.Op(OpType.Adjust, Make.Debit(Bucket.Credit, 5)), "a Debit of Credit on account" },
        { "two like moves", Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 1), Make.Debit(Bucket.Principal, 2)), "two moves of one kind" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void An_op_with_a_defect_is_named_and_moves_nothing_at_the_hub(string what, Op op, string? defect)
    {
        Assert.NotEmpty(what);
        var found = OpDefects.Find(op);
        if (defect is null)
        {
            Assert.Null(found);
            return;
        }

        Assert.Contains(defect, found, StringComparison.Ordinal);

        var state = new MemberState(Make.Member, Make.Currency);
        var outcome = state.Apply(new OpApplied(op), Make.NowMs)!;
        Assert.Equal(Classification.Anomaly, outcome.Classification);
        Assert.Contains(defect, outcome.Note, StringComparison.Ordinal);
        Assert.Empty(outcome.Transaction.Entries);
        Assert.Empty(state.Buckets);
        Assert.True(state.HasApplied(op.Id));
    }
}
