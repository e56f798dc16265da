using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>The unit of placement: one thread of control that runs the grains of its members, one message at a time.</summary>
/// <remarks>
/// It activates a grain on its first message, evicts the longest unused ones above its budget, batches what its grains decide, and goes on
/// deciding while earlier batches are on their way to the disk. Only <see cref="Post"/> may be called from outside.
/// </remarks>
internal sealed class Partition : IDisposable
{
    private readonly Channel<GrainMessage> _inbox = Channel.CreateUnbounded<GrainMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<MemberId, Grain> _grains = [];
    private readonly LinkedList<MemberId> _byUse = [];
    private readonly PartitionSettings _settings;
    private readonly IJournal _journal;
    private readonly CommitPipeline _pipeline;
    private readonly TurnContext _context;
    private readonly EffectRouter _router;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _room;
    private long _submitted;
    private long _released;
    private int _active;

    // Members whose turn broke an invariant. Their memory is not to be trusted and their journal may still be ahead of the disk,
    // so they wait for a restart.
    private readonly HashSet<MemberId> _stopped = [];

    public Partition(int number, PartitionSettings settings, IJournal journal, CommitPipeline pipeline, TurnContext context, EffectRouter router, ILogger log)
    {
        Number = number;
        _settings = settings;
        _journal = journal;
        _pipeline = pipeline;
        _context = context;
        _router = router;
        _log = log;
        _room = new SemaphoreSlim(settings.BatchesUnderWay);
    }

    /// <summary>Its number, 0 to P - 1.</summary>
    public int Number { get; }

    /// <summary>How many grains are active.</summary>
    public int ActiveGrains => Volatile.Read(ref _active);

    /// <summary>Hands a message to the partition. Messages for one member are handled in the order of the calls.</summary>
    public void Post(GrainMessage message) => _inbox.Writer.TryWrite(message);

    /// <summary>Takes no more messages; <see cref="RunAsync"/> ends after those that wait.</summary>
    public void Complete() => _inbox.Writer.TryComplete();

    /// <inheritdoc/>
    public void Dispose() => _room.Dispose();

    /// <summary>Handles messages until completed.</summary>
    public async Task RunAsync()
    {
        while (await _inbox.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            await _room.WaitAsync().ConfigureAwait(false);
            Submit(DecideBatch());
            Evict();
        }
    }

    private Batch DecideBatch()
    {
        var batch = new Batch(++_submitted);
        for (var i = 0; i < _settings.BatchMessages && _inbox.Reader.TryRead(out var message); i++)
        {
            try
            {
                Handle(message, batch);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // A grain whose turn broke an invariant stops: its op stays unacknowledged, its store's rights stay reserved, the process lives.
                _log.LogCritical(fault, "Member {Member} stopped: {Reason} Run `synchub verify`; its ops are kept and wait.", message.Member, fault.Message);
                Drop(message.Member, batch);
                _router.Refuse(message.Message, fault);
            }
        }

        batch.AddChanges(_router);
        return batch;
    }

    private void Handle(GrainMessage message, Batch batch)
    {
        if (_stopped.Contains(message.Member))
        {
            throw new InvalidOperationException("it stopped before; restart the hub after `synchub verify`.");
        }

        var grain = Activate(message.Member);
        var state = grain.Machine.State;
        var before = Batch.ExposureOf(state);
        var turn = grain.Machine.Turn(message.Message, _context);
        foreach (var applied in turn.Events)
        {
            Write(applied, state.Id, message.Incoming, batch);
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
        batch.Changed(state, before);
        if (state.Version - grain.SnapshotVersion >= _settings.SnapshotEvery)
        {
            batch.Journal.Snapshots.Add(grain.TakeSnapshot());
        }
    }

    private void Write(AppliedEvent applied, MemberId member, IncomingOp incoming, Batch batch)
    {
        FactKey? fact = null;
        if (applied.Event is OpApplied { Op: var op })
        {
            var producer = new ProducerId(op.Id.Holder.Store.Value, op.Id.Holder.Incarnation.Value);
            fact = new FactKey(producer, op.Id.Sequence);
            batch.Journal.Facts.Add(new NewFact(producer, op.Id.Sequence, incoming.Hash.ToBytes(), incoming.Bytes));
            batch.Book(Number, applied.Outcome!.Transaction);
        }

        batch.Journal.Records.Add(new NewRecord(Number, new StreamId(member.Value), applied.Version, EventCodec.Encode(applied, incoming.PreviousHash), fact));
        switch (applied.Event)
        {
            case OpApplied { Op: { Type: OpType.RegisterMember, Profile: { } profile } }:
                batch.Claim(member, profile);
                break;
            case MemberRegistered registered:
                batch.Claim(member, registered.Profile);
                break;
            default:
                break;
        }
    }

    private void Submit(Batch batch)
    {
        _pipeline.Submit(batch.Journal, batch.Exposure, () =>
        {
            Volatile.Write(ref _released, batch.Number);
            _room.Release();
            _router.Release(batch.Effects);
        });
    }

    private Grain Activate(MemberId id)
    {
        if (_grains.TryGetValue(id, out var grain))
        {
            _byUse.Remove(grain.Place!);
            _byUse.AddLast(grain.Place!);
            return grain;
        }

        grain = Grain.Activate(id, _context.Rules.Currency, _journal);
        grain.Place = _byUse.AddLast(id);
        _grains.Add(id, grain);
        Volatile.Write(ref _active, _grains.Count);
        return grain;
    }

    // Only a grain whose every event is durable may go: it is rebuilt from the journal.
    private void Evict()
    {
        var released = Volatile.Read(ref _released);
        for (var place = _byUse.First; place is not null && _grains.Count > _settings.GrainBudget;)
        {
            var next = place.Next;
            var grain = _grains[place.Value];
            if (grain.LastBatch > released)
            {
                break; // used later than this one, so all behind it are too
            }

            if (!grain.Machine.IsWaiting)
            {
                _grains.Remove(place.Value);
                _byUse.Remove(place);
            }

            place = next;
        }

        Volatile.Write(ref _active, _grains.Count);
    }

    private void Drop(MemberId id, Batch batch)
    {
        if (_grains.Remove(id, out var grain))
        {
            _byUse.Remove(grain.Place!);
        }

        _stopped.Add(id);
        batch.Forget(id);
    }
}
