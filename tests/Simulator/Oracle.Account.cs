using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;

namespace SyncHub.Simulator;

/// <content>What members owe (I15).</content>
internal sealed partial class Oracle
{
    private readonly Dictionary<MemberId, long> _largestLimit = [];
    private readonly Dictionary<MemberId, long> _owedLimit = [];
    private readonly Dictionary<Holder, List<(long Sequence, MemberId Member, long AmountMinor)>> _advances = [];

    /// <summary>HQ sets how much a member may owe.</summary>
    public void OnCreditLimit(MemberId member, long limit) => _largestLimit[member] = Math.Max(_largestLimit.GetValueOrDefault(member), limit);

    // What HQ said of a member, and what came to it with a merge since: its limit must not be lower at the end. Two hubs that decide against each other are not followed.
    private void FollowLimits(MemberId member, V1.MemberEventRecord change)
    {
        if (change.MergedInto is { } merged)
        {
            var survivor = MemberId.FromBytes(merged.Survivor.Span);
            _owedLimit[survivor] = Math.Max(_owedLimit.GetValueOrDefault(survivor), world.Hub.Peek(member).Credit.LimitMinor);
        }
        else if (change.CreditLimit is { } set && set.LimitMinor < _owedLimit.GetValueOrDefault(member))
        {
            _owedLimit.Remove(member);
        }
        else if (change.MergeOfferWithdrawn is not null || change.AliasReleased is not null)
        {
            _owedLimit.Remove(member); // the merge came to nothing, or was undone
        }
    }

    // I17 of credit: a person who was registered twice is trusted as far as under either number, under one.
    private void CheckLimit(MemberId member, MemberState state)
    {
        if (_hubForgot || world.Active.HasFlag(Fault.Split))
        {
            return;
        }

        if (state.Credit.LimitMinor < _owedLimit.GetValueOrDefault(member))
        {
            throw new Violation("I17", $"{member} may owe {state.Credit.LimitMinor}; a member that was merged into it might have owed {_owedLimit[member]}");
        }

        if (state.IsAlias && state.Credit.LimitMinor > 0)
        {
            throw new Violation("I17", $"{member} was merged into {state.AliasOf}, and may still owe {state.Credit.LimitMinor} by itself");
        }
    }

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
        // Of merged members the larger limit stays, and goes to the survivor.
        var limit = _kin.IsEmpty ? _largestLimit.GetValueOrDefault(member) : world.MemberIds.Where(other => _kin.RootOf(other) == _kin.RootOf(member)).Max(other => _largestLimit.GetValueOrDefault(other));
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
