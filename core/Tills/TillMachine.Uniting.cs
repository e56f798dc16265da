using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

// After a merge a store may hold rights on two lines of one person; a sale uses one.
public sealed partial class TillMachine
{
    /// <summary>Moves all that is available here on a merged member's line to the survivor's line: two ops, to be logged together; null where there is nothing.</summary>
    /// <remarks>
    /// Tightened first, loosened second, in one database transaction: the alias's line is debited and the survivor's credited, online or
    /// offline, and the hub books each half with the member whose line it is.
    /// </remarks>
    public static (Op Out, Op In)? Unite(MemberHere alias, MemberHere survivor, OpId id, long nowMs)
    {
        var held = alias.Id == survivor.Id ? [] : alias.Lines.Where(line => MemberState.GoesToSurvivor(line.Key))
            .Select(line => (Bucket: line.Key, Amount: line.Value.Available - (line.Key == Bucket.Points ? alias.PendingPoints : 0)))
            .Where(line => line.Amount > 0).ToArray();
        if (held.Length == 0)
        {
            return null;
        }

        var first = new Op
        {
            Id = id,
            Type = OpType.AliasOut,
            Member = alias.Id,
            OtherMember = survivor.Id,
            Moves = [.. held.Select(line => Debit(alias, line.Bucket, line.Amount))],
            OccurredAtMs = nowMs,
        };
        return (first, first with
        {
            Id = id with { Sequence = id.Sequence + 1 },
            Type = OpType.AliasIn,
            Member = survivor.Id,
            OtherMember = alias.Id,
            Moves = [.. held.Select(line => Credit(survivor, line.Bucket, line.Amount))],
            Reference = id,
        });
    }
}
