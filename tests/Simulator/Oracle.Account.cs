using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;

namespace SyncHub.Simulator;

/// <content>What members owe (I15).</content>
internal sealed partial class Oracle
{
    private readonly Dictionary<MemberId, long> _largestLimit = [];
    private readonly Dictionary<Holder, List<(long Sequence, MemberId Member, long AmountMinor)>> _advances = [];

    /// <summary>HQ sets how much a member may owe.</summary>
    public void OnCreditLimit(MemberId member, long limit) => _largestLimit[member] = Math.Max(_largestLimit.GetValueOrDefault(member), limit);

    // advances(s) above what its hub acknowledged <= Phi, whatever the store itself believes.
    private void CheckAdvances(SimAgent agent, Op op)
    {
        var amount = op.Type == OpType.Sale ? op.AmountOf(MoveKind.Advance, Core.Wallets.Bucket.Principal) : 0;
        if (amount == 0)
        {
            return;
        }

        if (!_advances.TryGetValue(op.Id.Holder, out var advances))
        {
            _advances[op.Id.Holder] = advances = [];
        }

        advances.Add((op.Id.Sequence, op.Member, amount));
        var budget = world.Rules.Floor.StoreBudgetMinor * (1 + _copies.GetValueOrDefault(op.Id.Holder));
        var open = advances.Where(advance => advance.Sequence > agent.Engine.CommittedSequence).Sum(advance => advance.AmountMinor);
        if (open > budget && !_hubForgot)
        {
            throw new Violation("I15", $"store {op.Id.Holder} advanced {open} that its hub has not acknowledged; its budget is {budget}");
        }
    }

    // receivable(m) <= O(m) + min(f, Phi) for each store, and what cashiers let the member owe for a voided top-up.
    private void CheckCredit(MemberId member, MemberState state)
    {
        var limit = _largestLimit.GetValueOrDefault(member);
        if (state.Credit.UsedMinor > limit)
        {
            throw new Violation("I15", $"{member} used {state.Credit.UsedMinor} of a credit of at most {limit}");
        }

        foreach (var (holder, line) in state.Credit.Floor)
        {
            var most = world.Rules.Floor.LimitMinor * (1 + _copies.GetValueOrDefault(holder));
            if (line.OutstandingMinor > most && !_hubForgot)
            {
                throw new Violation("I15", $"{member} owes {line.OutstandingMinor} to store {holder}; the floor is {most}");
            }
        }
    }
}
