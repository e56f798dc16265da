using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>What this store's ops above the committed watermark add up to: what it promised and its hub has not acknowledged.</summary>
/// <remarks>
/// Counted from the log, which is the truth: after a crash it is read again. The watermark in the journal may lag, so it may count too much, never
/// too little. Owned by the engine; not thread-safe.
/// </remarks>
internal sealed class OpenOps(Workspace work)
{
    private readonly Queue<OpenOp> _open = new();
    private readonly Dictionary<MemberId, long> _points = [];
    private long _topUps;
    private long _advances;

    /// <summary>How the store stands with its hub.</summary>
    public StoreStanding Standing => new(_topUps, _advances);

    /// <summary>Points that a member earned here and the hub has not acknowledged.</summary>
    public long PointsOf(MemberId member) => Math.Max(0, _points.GetValueOrDefault(member));

    public void Load(long committed)
    {
        _open.Clear();
        _points.Clear();
        (_topUps, _advances) = (0, 0);
        foreach (var op in work.ReadOpsAfter(committed))
        {
            Add(op);
        }

        foreach (var op in work.PendingOps.Where(op => op.Id.Holder == work.Holder && op.Id.Sequence > committed))
        {
            Add(op);
        }
    }

    public void Add(Op op)
    {
        // What a void takes back was earned as far as is known in the same stretch of the log; if not, the member only waits for less.
        var points = op.AmountOf(MoveKind.Credit, Bucket.Points) - (op.Type is OpType.Void or OpType.Refund ? op.AmountOf(MoveKind.Debit, Bucket.Points) : 0);
        var added = new OpenOp(op.Id.Sequence, op.Member, op.Type == OpType.TopUp ? op.AmountOf(MoveKind.Credit, Bucket.Principal) : 0,
            op.Type == OpType.Sale ? op.AmountOf(MoveKind.Advance, Bucket.Principal) : 0, points);
        if (added is { TopUpMinor: 0, AdvancedMinor: 0, Points: 0 })
        {
            return;
        }

        _open.Enqueue(added);
        Count(added, 1);
    }

    public void Acknowledge(long sequence)
    {
        while (_open.TryPeek(out var oldest) && oldest.Sequence <= sequence)
        {
            Count(_open.Dequeue(), -1);
        }
    }

    private void Count(OpenOp op, int sign)
    {
        _topUps += sign * op.TopUpMinor;
        _advances += sign * op.AdvancedMinor;
        var points = _points.GetValueOrDefault(op.Member) + (sign * op.Points);
        if (points == 0)
        {
            _points.Remove(op.Member);
        }
        else
        {
            _points[op.Member] = points;
        }
    }

    private readonly record struct OpenOp(long Sequence, MemberId Member, long TopUpMinor, long AdvancedMinor, long Points);
}
