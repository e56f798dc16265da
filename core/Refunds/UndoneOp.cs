using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Refunds;

/// <summary>What the hub keeps of an op that was voided or refunded, or whose refund right it moved. Part of the member's state.</summary>
/// <remarks>The op itself is not repeated here: it lies with the facts. Ops that nobody undid are not kept at all.</remarks>
public sealed record UndoneOp(OpId Id)
{
    /// <summary>Who may undo it.</summary>
    public RefundRight Right { get; init; } = RefundRight.AsLogged(Id);

    /// <summary>The right as it was with a life that was reclaimed, and what is known to have been undone under it; null where none was taken from one.</summary>
    public UndoneOp? Former { get; init; }

    /// <summary>The account that bears what the former owner undid all the same.</summary>
    public string FormerPayer { get; init; } = "";

    /// <summary>Whether an op of that holder is the late undoing of a former owner.</summary>
    public bool IsFormerOwner(Holder holder) => Former?.Right.Holder == holder && Right.Holder != holder;

    /// <summary>Whether it was voided as a whole.</summary>
    public bool IsVoided { get; init; }

    /// <summary>What voids and refunds gave back (credits) and took back (debits) so far, one sum for each bucket.</summary>
    public IReadOnlyList<Move> GivenBack { get; init; } = [];

    /// <summary>After one more void or refund.</summary>
    public UndoneOp With(Op undoing) => With(undoing.Moves, undoing.Type == OpType.Void);

    /// <summary>With what was undone of the same op elsewhere; the right stays as it is here.</summary>
    public UndoneOp And(UndoneOp elsewhere) => With(elsewhere.GivenBack, elsewhere.IsVoided);

    private UndoneOp With(IEnumerable<Move> moves, bool isVoided)
    {
        var sums = GivenBack.ToList();
        foreach (var move in moves)
        {
            var index = sums.FindIndex(sum => sum.Kind == move.Kind && sum.Bucket == move.Bucket);
            if (index < 0)
            {
                sums.Add(move with { GrantedSeen = 0 });
            }
            else
            {
                sums[index] = sums[index] with { AmountMinor = checked(sums[index].AmountMinor + move.AmountMinor) };
            }
        }

        return this with { IsVoided = IsVoided || isVoided, GivenBack = [.. sums.OrderBy(sum => sum.Kind).ThenBy(sum => sum.Bucket)] };
    }
}
