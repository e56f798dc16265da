using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>What was undone of one op as the records add it up, and who had the right to undo it (protocol.md 1.12).</summary>
internal sealed class UndoFold(ProducerId store, long sequence)
{
    private readonly Dictionary<(MoveKind Kind, BucketKey Bucket), Int128> _sums = [];

    /// <summary>Who may undo the op: at first the log that holds it.</summary>
    public ProducerId Owner { get; private set; } = store;

    /// <summary>From which place of the owner's log on. A day close there at or after it gives the right up.</summary>
    public long Since { get; private set; } = sequence;

    public bool IsVoided { get; private set; }

    public IReadOnlyDictionary<(MoveKind Kind, BucketKey Bucket), Int128> Sums => _sums;

    /// <summary>The right as a life had it from which it was taken by a reclaim.</summary>
    public UndoFold? Former { get; private set; }

    /// <summary>The account that bears what that life did with it.</summary>
    public string FormerPayer { get; private set; } = "";

    /// <summary>The hub moved the right.</summary>
    public void MoveTo(ProducerId owner, long since) => (Owner, Since) = (owner, since);

    /// <summary>The hub took the right from a life that was reclaimed.</summary>
    public void TakeTo(ProducerId owner, long since, string payer)
    {
        Former = new UndoFold(Owner, Since) { IsVoided = IsVoided };
        foreach (var (key, sum) in _sums)
        {
            Former._sums[key] = sum;
        }

        FormerPayer = payer;
        MoveTo(owner, since);
    }

    /// <summary>Whether that log had the right before it was taken.</summary>
    public bool IsFormer(ProducerId log) => Former?.Owner == log && Owner != log;

    /// <summary>Takes a void or refund.</summary>
    public void Take(OpEnvelope op)
    {
        IsVoided |= op.Type == OpType.Void;
        foreach (var move in op.Moves)
        {
            var key = (move.Kind, BucketKey.Of(move.Bucket));
            _sums[key] = _sums.GetValueOrDefault(key) + move.AmountMinor;
        }
    }

    /// <summary>Whether a void or refund by this log breaks I10: one owner, and never more than the op moved. Before it is taken.</summary>
    public bool IsBrokenBy(OpEnvelope op, ProducerId by, UndoneOriginal original, bool hasAliases)
    {
        var isOfAlias = hasAliases && !original.Member.Equals(op.Member);
        var fits = original.Found && (isOfAlias || original.Member.Equals(op.Member))
            && original.Type is OpType.Sale or OpType.TopUp or OpType.Redeem && (op.Type == OpType.Void || original.Type == OpType.Sale);
        var isOwner = isOfAlias || (Owner == by && (op.ClosedUpTo < Since || original.Tender == Tender.CardStoreAndForward));
        if (!fits || !isOwner || IsVoided || (op.Type == OpType.Void && _sums.Count > 0))
        {
            return true;
        }

        return Exceeds(op, original, MoveKind.Credit, MoveKind.Debit) || Exceeds(op, original, MoveKind.Debit, MoveKind.Credit);
    }

    private bool Exceeds(OpEnvelope op, UndoneOriginal original, MoveKind undone, MoveKind done)
    {
        Int128 Total(bool isMoney)
        {
            Int128 total = 0;
            foreach (var (key, amount) in _sums)
            {
                total += WayOf(key.Kind) == undone && IsOf(key.Bucket, isMoney) ? amount : 0;
            }

            total -= isMoney && done == MoveKind.Credit ? original.PromisedBonusMinor : 0;
            return total + Sum(op.Moves, undone, isMoney) - Sum(original.Moves, done, isMoney);
        }

        return Total(isMoney: true) > 0 || Total(isMoney: false) > 0;
    }

    private static Int128 Sum(IEnumerable<Move> moves, MoveKind kind, bool isMoney)
    {
        Int128 sum = 0;
        foreach (var move in moves)
        {
            sum += WayOf(move.Kind) == kind && IsOf(BucketKey.Of(move.Bucket), isMoney) ? move.AmountMinor : 0;
        }

        return sum;
    }

    // An advance takes like a debit, a settlement gives like a credit.
    private static MoveKind WayOf(MoveKind kind) => kind == MoveKind.Advance ? MoveKind.Debit : kind == MoveKind.Settle ? MoveKind.Credit : kind;

    private static bool IsOf(BucketKey bucket, bool isMoney) => isMoney == (bucket.Kind != BucketKind.Points);
}
