using SyncHub.Core.Identity;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Simulator;

/// <content>What must hold when everything is back and quiet.</content>
internal sealed partial class Oracle
{
    private readonly HashSet<OpHash> _handedIn = [];
    private readonly HashSet<OpHash> _shown = [];
    private readonly Dictionary<(MemberId, Bucket), long> _overtaking = [];

    /// <summary>HQ means to merge two members, one way or the other.</summary>
    public void OnMerged(MemberId one, MemberId other) => _kin.Join(one, other);

    /// <summary>HQ wrote a receipt down: from now on its op cannot get lost.</summary>
    public void OnHandedIn(V1.OutOfBandOp receipt) => _handedIn.Add(ReceiptCodec.HashOf(receipt));

    /// <summary>HQ is about to write a receipt down.</summary>
    public void OnShown(V1.OutOfBandOp receipt)
    {
        if (!_shown.Add(ReceiptCodec.HashOf(receipt)))
        {
            return;
        }

        // It overtakes the ops before it, among them top-ups that gave the rights it used: until they come, if ever, they are missing.
        var op = OpCodec.Decode(receipt.Envelope.Memory);
        foreach (var move in op.Moves.Where(move => move.Kind == MoveKind.Debit))
        {
            var key = (op.Member, move.Bucket);
            _overtaking[key] = _overtaking.GetValueOrDefault(key) + move.AmountMinor;
        }
    }

    private void CheckMembers(HashSet<OpHash> applied)
    {
        foreach (var member in world.MemberIds)
        {
            var state = world.Hub.Peek(member);
            var facts = AppliedTo(member, state, applied);
            foreach (var bucket in state.Buckets)
            {
                CheckSums(member, state, bucket, facts);
            }

            CheckDebt(member, state, facts);
            CheckReleased(member, state);
            CheckHeardOut(member, state);
            CheckAlias(member, state);
            CheckLimit(member, state);
        }

        foreach (var kin in world.MemberIds.GroupBy(_kin.RootOf))
        {
            foreach (var moved in kin.SelectMany(member => world.Hub.Peek(member).Buckets).GroupBy(bucket => bucket.Bucket))
            {
                if (moved.Sum(bucket => bucket.MovedOut - bucket.MovedIn) is not 0 and var lost)
                {
                    throw new Violation("I17", $"{string.Join(" and ", kin)}: {lost} of {moved.Key} left one of them and did not arrive at another");
                }
            }
        }
    }

    // I8: every op counts once, in its own member's stream, and nothing else does but what the hub does by itself.
    private static void CheckSums(MemberId member, MemberState state, BucketState bucket, List<Op> facts)
    {
        var (credits, debits) = (facts.Sum(op => op.AmountOf(MoveKind.Credit, bucket.Bucket)), facts.Sum(op => op.AmountOf(MoveKind.Debit, bucket.Bucket)));
        var (credited, debited) = (bucket.Lines.Sum(line => line.Credited), bucket.Lines.Sum(line => line.Debited));
        if (credited != credits || debited != debits)
        {
            throw new Violation("I8", $"{member} {bucket.Bucket}: the hub has credits {credited} and debits {debited}; the facts say {credits} and {debits}");
        }

        var settled = bucket.Bucket == Bucket.Principal ? state.Credit.SettledMinor : 0;
        if (bucket.Debited - debited != settled || (bucket.Credited != credited && bucket.Bucket.Kind is not (BucketKind.Principal or BucketKind.Credit)))
        {
            throw new Violation("I8", $"{member} {bucket.Bucket}: credits of {bucket.Credited} and debits of {bucket.Debited}, of which stores made {credited} and {debited}, and {settled} was settled");
        }

        // I16: what ended and is free has gone.
        if (!bucket.Bucket.IsValidOn(Core.Rules.Calendar.DayOf(state.RecordedAtMs)) && bucket is { Bucket.Kind: BucketKind.Lot, Pool: > 0 })
        {
            throw new Violation("I16", $"{member}: {bucket.Pool} of {bucket.Bucket} are free although it has ended");
        }
    }

    // I8 of debts: wallet less debt is what the logs say, however often the hub settled.
    private static void CheckDebt(MemberId member, MemberState state, List<Op> facts)
    {
        var principal = state.Find(Bucket.Principal);
        var credit = state.Find(Bucket.Credit);
        var back = (principal?.Credited ?? 0) - (principal?.Lines.Sum(line => line.Credited) ?? 0);
        var advanced = facts.Sum(op => op.Moves.Where(move => move.Kind == MoveKind.Advance).Sum(move => move.AmountMinor));
        var undone = facts.Sum(op => op.Moves.Where(move => move.Kind == MoveKind.Settle).Sum(move => move.AmountMinor));
        var used = (credit?.Debited ?? 0) - (credit?.Loss ?? 0);
        var owed = advanced + used - undone + back - state.Credit.SettledMinor;
        if (state.Credit.ReceivableMinor != owed)
        {
            throw new Violation("I8", $"{member} owes {state.Credit.ReceivableMinor}; the facts say {owed}: advanced {advanced}, credit used {used}, undone {undone}, of which {back} came back as principal, settled {state.Credit.SettledMinor}");
        }
    }

    // I12 for money: a life that was given up holds nothing any more.
    private void CheckReleased(MemberId member, MemberState state)
    {
        foreach (var line in state.Buckets.SelectMany(bucket => bucket.Lines).Where(line => line.Outstanding > 0 && !state.Parked.ContainsKey(line.Holder)))
        {
            if (world.Hub.Stores.Find(line.Holder.Store)?.Lives.Find(line.Holder.Incarnation) is { IsReleased: true } life)
            {
                throw new Violation("I12", $"life {line.Holder} was given up ({life.Release}) and still holds {line.Outstanding} of {member}");
            }
        }
    }

    // I17: nothing waits at an alias, and no promise is open.
    private void CheckAlias(MemberId member, MemberState state)
    {
        if (state.IsAlias && state.Credit.ReceivableMinor > 0 && world.Hub.Peek(state.AliasOf) is { IsAlias: false } survivor && survivor.Find(Bucket.Principal) is { Pool: > 0 } principal)
        {
            throw new Violation("I17", $"{member} owes {state.Credit.ReceivableMinor}, and its survivor {state.AliasOf} has {principal.Pool} free");
        }

        if (state.Offers.Count > 0)
        {
            throw new Violation("I17", $"{member} still waits for {string.Join(", ", state.Offers.Keys)} to be merged into it");
        }

        if (state.IsAlias && state.Buckets.Find(bucket => bucket.Pool > 0 && MemberState.GoesToSurvivor(bucket.Bucket)) is { } left)
        {
            throw new Violation("I17", $"{left.Pool} of {left.Bucket} lie free at {member}, which is an alias of {state.AliasOf}");
        }
    }

    // I11 for what nobody else has: the receipt of a store that was given up is a fact.
    private void CheckReceipts(HashSet<OpHash> applied)
    {
        // What a till took is durable there until headquarters has it, whatever that forgets.
        var kept = _keptAtTills.Where(static kept => kept.Agent.IsOnline).Select(static kept => kept.Hash).ToHashSet();
        foreach (var fact in _inOrder.Where(fact => !_hubForgot && (_handedIn.Contains(fact.Hash) || kept.Contains(fact.Hash)) && !applied.Contains(fact.Hash)))
        {
            var holder = fact.Op.Id.Holder;
            if (world.Hub.Stores.Find(holder.Store)?.Lives.Find(holder.Incarnation) is { Release: ReleaseKind.Reclaimed })
            {
                throw new Violation("I11", $"op {fact.Op.Id} was handed in on a receipt, its store was given up, and it is not at the hub");
            }
        }
    }

    // What an honest store logs is nothing to wonder at: an anomaly would be the hub's mistake, or the store's.
    private void CheckHonesty()
    {
        if (_cloned.Count > 0 || _hubForgot || (world.Active & (Fault.Poison | Fault.Versions | Fault.Reclaim)) != Fault.None)
        {
            return;
        }

        foreach (var member in world.MemberIds)
        {
            foreach (var record in world.Hub.Journal.ReadRecords(new StreamId(member.Value), 1, int.MaxValue))
            {
                if (V1.MemberEventRecord.Parser.ParseFrom(record.Payload).OpApplied is { Classification: V1.Classification.Anomaly or V1.Classification.Liability } applied
                    && OpCodec.Decode(record.FactBytes!) is { Type: not (OpType.AliasIn or OpType.AliasOut) } op
                    && !IsOfFormerAlias(op) && !IsInBranch(op, record.Fact))
                {
                    throw new Violation("I9", $"op {op.Id} {op.Type} of an honest store was taken as {applied.Classification}: {applied.Note}");
                }
            }
        }
    }

    // A crash of the hub had left a gap in a log whose machine was then restored: what it sends stands in a branch, and an op there undoes one that others do not know by that number.
    private static bool IsInBranch(Op op, FactKey? fact) => op.Reference is not null && fact is { } place && place.Producer.Incarnation != op.Id.Holder.Incarnation.Value;

    // HQ took two members apart while a store, which had not heard of it, undid at the one what the other had bought: a case for a person.
    private bool IsOfFormerAlias(Op op) => op.Reference is { } undone && _inOrder.Find(fact => fact.Op.Id == undone)?.Op.Member != op.Member;

    private List<Op> AppliedTo(MemberId member, MemberState state, HashSet<OpHash> applied)
    {
        var parked = ParkedAt(member, state);
        return [.. _inOrder.Where(fact => fact.Op.Member == member && applied.Contains(fact.Hash) && !parked.Contains(fact.Hash)).Select(fact => fact.Op)];
    }

    // What waits for a person is a fact, and has moved nothing yet.
    private HashSet<OpHash> ParkedAt(MemberId member, MemberState state)
    {
        var parked = new HashSet<OpHash>();
        foreach (var (holder, since) in state.Parked)
        {
            foreach (var fact in world.Hub.Journal.ReadFacts(new ProducerId(holder.Store.Value, holder.Incarnation.Value), since, int.MaxValue, int.MaxValue))
            {
                if (OpCodec.Decode(fact.Bytes).Member == member)
                {
                    parked.Add(OpHash.FromBytes(fact.Hash));
                }
            }
        }

        return parked;
    }
}
