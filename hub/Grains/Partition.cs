using Microsoft.Extensions.Logging;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Members;
using SyncHub.Hub.Refunds;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>Runs the grains of its members, one message at a time: those of one partition, or of several that share one thread of control.</summary>
/// <remarks>
/// A hub has hundreds of partitions, so that they can be placed; with a thread of control for each a store's batch would fall apart into single ops, and
/// what a turn costs beside its ops would be paid for each of them.
/// It activates a grain on its first message, evicts the longest unused ones above its budget, and batches what its grains decide.
/// Thread rule: one caller at a time, except <see cref="Released"/> and <see cref="ActiveGrains"/>; it waits for nothing, so that the
/// simulator drives it as <see cref="PartitionLoop"/> does.
/// </remarks>
/// <param name="partitions">How many partitions the members of this installation are divided into; records say which.</param>
/// <param name="settings">Sizes.</param>
/// <param name="journal">Where members are read.</param>
/// <param name="context">What a grain may look at.</param>
/// <param name="router">Where effects go.</param>
/// <param name="grains">Where messages to other members go.</param>
/// <param name="log">Diagnostics.</param>
internal sealed class Partition(int partitions, PartitionSettings settings, IJournal journal, TurnContext context, EffectRouter router, GrainDirectory grains, ILogger log)
{
    private readonly Dictionary<MemberId, Grain> _grains = [];
    private readonly LinkedList<MemberId> _byUse = [];
    private readonly OriginalOps _originals = new(journal);
    private readonly OtherChains _chains = new(journal, context.Stores);

    // Of the turn under way; kept only so that no turn has to make its own.
    private readonly ExposureList _exposureBefore = new();
    private readonly ExposureList _exposureAfter = new();
    private readonly FollowedOps _followed = new();
    private long _decided;
    private long _released;
    private int _active;

    // Members whose turn broke an invariant: what is in memory is not to be trusted, and what the journal has may still be ahead of the
    // disk. Their messages wait until everything decided before is durable; then they are read anew.
    private readonly Dictionary<MemberId, Queue<GrainMessage>> _recovering = [];

    // Members that broke one again when they had been read anew: a person has to look.
    private readonly HashSet<MemberId> _stopped = [];

    /// <summary>How many grains are active.</summary>
    public int ActiveGrains => Volatile.Read(ref _active);

    /// <summary>A member's state where it is in memory, else null; for audits that look without asking.</summary>
    public MemberState? Peek(MemberId member) => _grains.GetValueOrDefault(member)?.Machine.State;

    /// <summary>Handles messages in order and says what must be durable before anybody hears of it.</summary>
    /// <exception cref="JournalException">A member could not be read, or another hub has written. No message is to blame: the hub has to stop, and nothing of it was committed.</exception>
    public Batch Decide(IReadOnlyList<GrainMessage> messages)
    {
        var batch = new Batch(++_decided, messages.Count);
        _followed.Find(messages);
        for (var i = 0; i < messages.Count; i++)
        {
            var message = _followed.Mark(messages[i], i);
            try
            {
                Handle(message, batch);
            }
            catch (Exception fault) when (fault is not (OutOfMemoryException or JournalException))
            {
                Recover(message, fault, batch);
            }
        }

        batch.AddChanges();
        return batch;
    }

    /// <summary>A batch is durable: its effects leave, and its grains may be evicted.</summary>
    public void Released(Batch batch)
    {
        Volatile.Write(ref _released, batch.Number);
        batch.Claimed.ForEach(context.Claims.Durable);
        batch.Works.ForEach(context.Work.Durable);
        router.Release(batch.Effects);
        foreach (var member in batch.Recovering)
        {
            grains.Post(new GrainMessage(member, new RecoveryDue()));
        }
    }

    /// <summary>Lets the longest unused grains above the budget go; only those whose every event is durable, because they are rebuilt from the journal.</summary>
    /// <returns>Snapshots to write when there is time, so that whoever comes back is read at once; null where none is worth it.</returns>
    public JournalBatch? Evict()
    {
        JournalBatch? snapshots = null;
        var released = Volatile.Read(ref _released);
        _originals.Forget(released);
        for (var place = _byUse.First; place is not null && _grains.Count > settings.GrainBudget;)
        {
            var next = place.Next;
            var grain = _grains[place.Value];
            if (grain.LastBatch > released)
            {
                break; // used later than this one, so all behind it are too
            }

            if (!grain.Machine.IsWaiting)
            {
                if (grain.Machine.State.Version - grain.SnapshotVersion >= settings.LeastTail)
                {
                    (snapshots ??= new JournalBatch()).Snapshots.Add(grain.TakeSnapshot());
                }

                _grains.Remove(place.Value);
                _byUse.Remove(place);
            }

            place = next;
        }

        Volatile.Write(ref _active, _grains.Count);
        return snapshots;
    }

    private void Handle(GrainMessage message, Batch batch)
    {
        if (_stopped.Contains(message.Member))
        {
            throw new InvalidOperationException("it stopped before; restart the hub after `synchub verify`.");
        }

        if (message.Message is RecoveryDue)
        {
            HandleWaiting(message.Member, batch);
            return;
        }

        if (_recovering.TryGetValue(message.Member, out var waiting))
        {
            waiting.Enqueue(message);
            return;
        }

        var grain = Activate(message.Member);
        var state = grain.Machine.State;
        if (message.Message is OpArrived arrived)
        {
            _chains.ThrowIfApplied(state, arrived, message.Incoming);
        }

        Batch.ReadExposure(state, _exposureBefore);
        var turn = grain.Machine.Turn(_originals.Fill(message.Message), context);
        foreach (var applied in turn.Events)
        {
            Write(applied, state.Id, message.Incoming, batch);
            if (applied.Event is MemberFollowed followed && message.Message is not FollowReported) // a restored hub is told of what was disclosed long ago
            {
                batch.Acts.Add(Disclosed(state.Id, followed.Store, applied.RecordedAtMs));
            }
        }

        foreach (var opened in turn.Cases)
        {
            CaseBook.Open(batch.Journal, opened);
        }

        foreach (var change in turn.UnderWay)
        {
            if (context.Work.Write(batch.Journal, change) is { } work)
            {
                batch.Works.Add(work);
            }
        }

        foreach (var change in turn.Claims)
        {
            batch.Claim(change, context, message.Message);
        }

        foreach (var effect in turn.Effects)
        {
            batch.Effects.Add(new GrainEffect(state.Id, effect));
        }

        if (turn.Events.Count == 0)
        {
            return;
        }

        grain.LastBatch = batch.Number;
        Batch.ReadExposure(state, _exposureAfter);
        batch.Changed(state, _exposureBefore, _exposureAfter);
        if (message.Call?.TakeAct(state.Id) is { } act)
        {
            batch.Acts.Add(act);
        }

        // An erased member's old snapshot still has the profile.
        if (state.Version - grain.SnapshotVersion >= settings.SnapshotEvery || turn.Events.Exists(applied => applied.Event is MemberErased))
        {
            batch.Journal.Snapshots.Add(grain.TakeSnapshot());
        }
    }

    // The store has the member's data from here on; the answer leaves after this commit, as with every read at headquarters.
    private static V1.AuditEntry Disclosed(MemberId member, StoreId store, long atMs) => new()
    {
        AtMs = atMs,
        Who = "store " + store.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        What = "Sync/Link",
        MemberId = member.ToString(),
        Store = store.Value,
        Outcome = "read",
        Detail = "follows the member from now on",
    };

    private void Write(AppliedEvent applied, MemberId member, IncomingOp incoming, Batch batch)
    {
        FactKey? fact = null;
        OpId? place = applied.Event switch
        {
            OpApplied op => op.Place,
            OpParked parked => parked.Place,
            _ => null,
        };
        if (place is { } at)
        {
            var producer = new ProducerId(at.Holder.Store.Value, at.Holder.Incarnation.Value);
            fact = new FactKey(producer, at.Sequence);
            if (applied.Event is not OpApplied { IsResumed: true }) // whose bytes lie there since it was parked
            {
                batch.Journal.Facts.Add(new NewFact(producer, at.Sequence, incoming.Hash.ToBytes(), incoming.Bytes));
            }

            _originals.Note(batch.Number, applied.Event);
        }

        var partition = member.Slot(partitions);
        if (applied.Outcome is { } outcome)
        {
            batch.Book(partition, outcome.Transaction);
        }

        batch.Journal.Records.Add(new NewRecord(partition, new StreamId(member.Value), applied.Version, EventCodec.Encode(applied, incoming.PreviousHash), fact));
    }

    private Grain Activate(MemberId id)
    {
        if (_grains.TryGetValue(id, out var grain))
        {
            _byUse.Remove(grain.Place!);
            _byUse.AddLast(grain.Place!);
            return grain;
        }

        grain = Grain.Activate(id, context.Rules.Currency, journal);
        grain.Place = _byUse.AddLast(id);
        _grains.Add(id, grain);
        Volatile.Write(ref _active, _grains.Count);
        return grain;
    }

    // protocol.md 1.16: an op that cannot be decided is parked and acknowledged, so that its store's stream goes on.
    private void Recover(GrainMessage message, Exception fault, Batch batch)
    {
        Drop(message.Member, batch);
        var isPoison = message.Message is OpArrived { ParkBecause: "" } && !Switches.IsOff(Mechanism.Parking);
        if (!isPoison)
        {
            EffectRouter.Refuse(message.Message, fault);
        }

        if (_stopped.Contains(message.Member) || message.Message is OpArrived { ParkBecause.Length: > 0 })
        {
            log.LogCritical(fault, "Member {Member} stopped: {Reason} Run `synchub verify`; its ops are kept and wait.", message.Member, fault.Message);
            _stopped.Add(message.Member);
            return;
        }

        log.LogError(fault, "Member {Member} is read anew: {Reason}", message.Member, fault.Message);
        var waiting = new Queue<GrainMessage>();
        if (message.Message is OpArrived poison && isPoison)
        {
            waiting.Enqueue(message with { Message = poison with { ParkBecause = $"it cannot be decided: {fault.Message}" } });
        }

        _recovering[message.Member] = waiting;
        batch.Recovering.Add(message.Member);
    }

    private void HandleWaiting(MemberId member, Batch batch)
    {
        _recovering.Remove(member, out var waiting);
        while (waiting is not null && waiting.TryDequeue(out var message))
        {
            try
            {
                Handle(message, batch);
            }
            catch (Exception fault) when (fault is not (OutOfMemoryException or JournalException))
            {
                Recover(message, fault, batch);
                if (_recovering.TryGetValue(member, out var again))
                {
                    while (waiting.TryDequeue(out var later))
                    {
                        again.Enqueue(later);
                    }
                }
            }
        }
    }

    private void Drop(MemberId id, Batch batch)
    {
        if (_grains.Remove(id, out var grain))
        {
            _byUse.Remove(grain.Place!);
            Volatile.Write(ref _active, _grains.Count);
        }

        batch.Forget(id);
    }
}
