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
        : applied.Op.Reference is { } reference ? UndoCheck.Find(applied.Op, undoing.Original, UndoneFor(reference, applied.Op.Id.Holder), Aliases.Count > 0)
        : "it does not say which op it undoes";

    // A life that was reclaimed still undid what it undid: it is judged by the right as that life had it.
    private UndoneOp UndoneFor(OpId reference, Holder holder) => UndoneOf(reference) is var known && known.IsFormerOwner(holder) ? known.Former! : known;

    // protocol.md 1.8 for refund rights: the right was taken from a life and given to another, and here comes what the first one did with it.
    private string LatePayerOf(OpApplied applied) =>
        IsUndoing(applied.Op) && applied.Op.Reference is { } reference && UndoneOf(reference) is var known && known.IsFormerOwner(applied.Op.Id.Holder)
            && applied.Undoing?.Original is { Type: OpType.Sale or OpType.Redeem } ? known.FormerPayer : "";

    private static StoreId? UndoneAt(Op op) => IsUndoing(op) ? op.Reference?.Holder.Store : null;

    private void RecordUndo(Op op)
    {
        if (IsUndoing(op) && op.Reference is { } reference)
        {
            var known = UndoneOf(reference);
            Undone[reference] = known.IsFormerOwner(op.Id.Holder) ? known with { Former = known.Former!.With(op) } : known.With(op);
        }
    }

    private void ApplyRefundRight(RefundRightMoved moved)
    {
        var known = UndoneOf(moved.Op);
        Undone[moved.Op] = moved.Payer.Length == 0 ? known with { Right = moved.Right } : known with { Right = moved.Right, Former = known with { Former = null, FormerPayer = "" }, FormerPayer = moved.Payer };
        Follow(moved.Right.Holder.Store);
    }
}
