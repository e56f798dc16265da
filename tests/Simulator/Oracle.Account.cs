using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Simulator;

/// <content>What members owe (I15).</content>
internal sealed partial class Oracle
{
    private readonly Dictionary<MemberId, long> _largestLimit = [];
    private readonly Dictionary<Holder, List<(long Sequence, MemberId Member, long AmountMinor)>> _advances = [];

    /// <summary>HQ sets how much a member may owe.</summary>
    public void OnCreditLimit(MemberId member, long limit) => _largestLimit[member] = Math.Max(_largestLimit.GetValueOrDefault(member), limit);

    // What the larger limits were that came to a member with merges, and that HQ has not set anew since it asked for them; from the records, so
    // that a decision which a crash took counts nothing.
    private long OwedLimit(MemberId member)
    {
        long owed = 0;
        var (offers, isSet) = (new Dictionary<MemberId, long>(), new HashSet<MemberId>());
        foreach (var record in world.Hub.Journal.ReadRecords(new StreamId(member.Value), 1, int.MaxValue))
        {
            var change = V1.MemberEventRecord.Parser.ParseFrom(record.Payload);
            if (change.MergeOffered is { } offered)
            {
                offers[MemberId.FromBytes(offered.Loser.Span)] = record.Version;
                isSet.Remove(MemberId.FromBytes(offered.Loser.Span));
            }
            else if (change.MergeOfferWithdrawn is { } withdrawn)
            {
                offers.Remove(MemberId.FromBytes(withdrawn.Loser.Span));
            }
            else if (change.AliasTaken is not null && EventCodec.Decode(record.Payload, null).Event is AliasTaken taken && offers.Remove(taken.Alias, out var offer) && !isSet.Remove(taken.Alias))
            {
                owed = Math.Max(owed, LimitWhenMerged(taken.Alias, member, offer));
            }
            else if (change.CreditLimit is { } set)
            {
                owed = set.LimitMinor < owed ? 0 : owed;
                isSet.UnionWith(set.Derived ? [] : offers.Keys);
            }
            else if (change.AliasReleased is not null)
            {
                owed = 0; // the merge was undone
            }
        }

        return owed;
    }

    private long LimitWhenMerged(MemberId loser, MemberId survivor, long offer)
    {
        long limit = 0;
        foreach (var record in world.Hub.Journal.ReadRecords(new StreamId(loser.Value), 1, int.MaxValue))
        {
            var change = V1.MemberEventRecord.Parser.ParseFrom(record.Payload);
            limit = change.CreditLimit?.LimitMinor ?? limit;
            if (change.MergedInto is { } merged && merged.Offer == offer && MemberId.FromBytes(merged.Survivor.Span) == survivor)
            {
                return limit;
            }
        }

        return 0;
    }

    // I17 of credit: a person who was registered twice is trusted as far as under either number, under one.
    private void CheckLimit(MemberId member, MemberState state)
    {
        if (_hubForgot || world.Active.HasFlag(Fault.Split))
        {
            return;
        }

        var owed = OwedLimit(member);
        if (state.Credit.LimitMinor < owed)
        {
            throw new Violation("I17", $"{member} may owe {state.Credit.LimitMinor}; a member that was merged into it might have owed {owed}");
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
