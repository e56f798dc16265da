using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;

namespace SyncHub.Core.Members;

/// <summary>What was undone of a member's ops, and who may undo them (protocol.md 1.12).</summary>
public sealed partial class MemberState
{
    /// <summary>Ops that were voided or refunded, or whose refund right the hub moved; never forgotten, because a second refund may come late.</summary>
    public SortedDictionary<OpId, UndoneOp> Undone { get; } = [];

    /// <summary>What is known of one op; as it was logged where nobody undid it.</summary>
    public UndoneOp UndoneOf(OpId op) => Undone.TryGetValue(op, out var known) ? known : new UndoneOp(op);

    private static bool IsUndoing(Op op) => op.Type is OpType.Void or OpType.Refund;

    private string? FindUndoFault(OpApplied applied) =>
        !IsUndoing(applied.Op) || applied.Undoing is not { } undoing ? null
        : applied.Op.Reference is { } reference ? UndoCheck.Find(applied.Op, undoing.Original, UndoneOf(reference), Aliases.Count > 0)
        : "it does not say which op it undoes";

    private static StoreId? UndoneAt(Op op) => IsUndoing(op) ? op.Reference?.Holder.Store : null;

    private void RecordUndo(Op op)
    {
        if (IsUndoing(op) && op.Reference is { } reference)
        {
            Undone[reference] = UndoneOf(reference).With(op);
        }
    }

    private void ApplyRefundRight(RefundRightMoved moved)
    {
        Undone[moved.Op] = UndoneOf(moved.Op) with { Right = moved.Right };
        Follow(moved.Right.Holder.Store);
    }
}
