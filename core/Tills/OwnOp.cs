using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

/// <summary>What is kept of an op that may be voided or refunded: at the store that logged it, and at one that the hub moved the right to.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Type">What it was.</param>
/// <param name="Member">Whose.</param>
/// <param name="Moves">What it changed.</param>
/// <param name="BillMinor">The bill after discount: what a sale added to the lifetime spend, and what its void takes back from it; for a top-up the cash.</param>
public sealed record OwnOp(OpId Id, OpType Type, MemberId Member, IReadOnlyList<Move> Moves, long BillMinor)
{
    /// <summary>What is to be kept of <paramref name="op"/>, which was logged just now.</summary>
    public static OwnOp Of(Op op) => new(op.Id, op.Type, op.Member, op.Moves, checked(op.BillMinor - op.DiscountMinor))
    {
        OtherTenderMinor = op.OtherTenderMinor,
        Tender = op.Tender,
        PromisedBonusMinor = op.PromisedBonusMinor,
    };

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

    /// <summary>The part of a sale that was paid by cash or card.</summary>
    public long OtherTenderMinor { get; init; }

    /// <summary>Whether it stays with the store that took it, whatever day is closed: a stored payment is decided there, and waits in a bucket that never leaves it.</summary>
    public bool StaysAtItsStore => Tender == Tender.CardStoreAndForward;

    /// <summary>Who may undo it, and since when.</summary>
    public RefundRight Right { get; init; } = RefundRight.AsLogged(Id);

    /// <summary>Whether it was voided.</summary>
    public bool IsVoided { get; init; }

    /// <summary>What refunds have given back so far, per bucket; points taken back stand as debits.</summary>
    public IReadOnlyList<Move> GivenBack { get; init; } = [];

    /// <summary>What a sale took from the wallet, and what it put on account.</summary>
    public long PaidMinor => Sum(Moves, MoveKind.Debit) + OnAccountMinor;

    /// <summary>Money that the sale took and no refund has given back.</summary>
    public long RefundableMinor => IsVoided || Type != OpType.Sale ? 0 : PaidMinor - (Switches.IsOff(Mechanism.RefundsAreCumulative) ? 0 : Sum(GivenBack, MoveKind.Credit)) - GivenBackOf(MoveKind.Settle, Bucket.Principal);

    /// <summary>What the sale put on the member's account: used credit and advances.</summary>
    public long OnAccountMinor => Moves.Where(move => move.IsOnAccount).Sum(move => move.AmountMinor);

    /// <summary>What of it was not undone.</summary>
    public long OnAccountLeftMinor => Math.Max(0, OnAccountMinor - GivenBackOf(MoveKind.Settle, Bucket.Principal));

    /// <summary>How much of a bucket was given back (credit) or taken back (debit).</summary>
    public long GivenBackOf(MoveKind kind, Bucket bucket) => GivenBack.Where(move => move.Kind == kind && move.Bucket == bucket).Sum(move => move.AmountMinor);

    /// <summary>What one bucket paid and has not got back; money that went to another bucket instead is not counted.</summary>
    public long LeftOf(Bucket bucket) =>
        Math.Max(0, Moves.Where(move => move.Kind == MoveKind.Debit && move.Bucket == bucket).Sum(move => move.AmountMinor) - (Switches.IsOff(Mechanism.RefundsAreCumulative) ? 0 : GivenBackOf(MoveKind.Credit, bucket)));

    private static long Sum(IReadOnlyList<Move> moves, MoveKind kind) => moves.Where(move => move.Kind == kind && move.Bucket.IsMoney).Sum(move => move.AmountMinor);
}
