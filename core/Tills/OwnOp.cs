using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

/// <summary>What a store keeps of an op that it may still void or refund. The right to do so has one owner: this store (protocol.md 1.12).</summary>
/// <param name="Id">Its name.</param>
/// <param name="Type">What it was.</param>
/// <param name="Member">Whose.</param>
/// <param name="Moves">What it changed.</param>
/// <param name="BillMinor">The bill after discount: what a sale added to the lifetime spend, and what its void takes back from it.</param>
public sealed record OwnOp(OpId Id, OpType Type, MemberId Member, IReadOnlyList<Move> Moves, long BillMinor)
{
    /// <summary>What is to be kept of <paramref name="op"/>, which was logged just now.</summary>
    public static OwnOp Of(Op op) => new(op.Id, op.Type, op.Member, op.Moves, checked(op.BillMinor - op.DiscountMinor)) { Tender = op.Tender, PromisedBonusMinor = op.PromisedBonusMinor };

    /// <summary>How a top-up was paid.</summary>
    public Tender Tender { get; init; }

    /// <summary>The bonus that a pending top-up gets when its payment is made.</summary>
    public long PromisedBonusMinor { get; init; }

    /// <summary>What remains of a pending top-up after <paramref name="decision"/>: the value sold, or nothing that could be undone.</summary>
    public OwnOp Decided(Op decision)
    {
        IReadOnlyList<Move> sold = [.. decision.Moves.Where(move => move.Kind == MoveKind.Credit)];
        return sold.Count > 0 ? this with { Moves = sold } : this with { IsVoided = true };
    }

    /// <summary>Whether it was voided.</summary>
    public bool IsVoided { get; init; }

    /// <summary>What refunds have given back so far, per bucket; points taken back stand as debits.</summary>
    public IReadOnlyList<Move> GivenBack { get; init; } = [];

    /// <summary>Money that the sale took and no refund has given back.</summary>
    public long RefundableMinor => IsVoided || Type != OpType.Sale ? 0 : Sum(Moves, MoveKind.Debit) - Sum(GivenBack, MoveKind.Credit);

    /// <summary>How much of a bucket was given back (credit) or taken back (debit).</summary>
    public long GivenBackOf(MoveKind kind, Bucket bucket) => GivenBack.Where(move => move.Kind == kind && move.Bucket == bucket).Sum(move => move.AmountMinor);

    private static long Sum(IReadOnlyList<Move> moves, MoveKind kind) => moves.Where(move => move.Kind == kind && move.Bucket.IsMoney).Sum(move => move.AmountMinor);
}
