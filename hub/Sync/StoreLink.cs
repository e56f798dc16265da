using System.Globalization;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Cases;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Stores;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;
using Hello = SyncHub.Core.Protocol.Hello;

namespace SyncHub.Hub.Sync;

/// <summary>The hub's end of one store: its op stream over many connections, and the connection of the moment.</summary>
/// <remarks>Thread-safe: the stream's reader, the commit pipeline and the partitions all call it.</remarks>
internal sealed class StoreLink(Store store, HubParts parts)
{
    /// <summary>How many op bytes an agent may have under way. At 200 bytes an op about 5,000 ops: two full commits.</summary>
    public const int WindowBytes = 1024 * 1024;

    private const int CatchUpPage = 500;
    private readonly Lock _gate = new();
    private StoreSession? _session;
    private Connection? _connection;
    private long _catchUpWaiting;
    private bool _catchingUp;
    private long _sinceMs = parts.Time.GetUtcNow().ToUnixTimeMilliseconds();
    private AgentHeartbeat _heartbeat = new();
    private long _hubClockAtHeartbeat;

    /// <summary>Which store.</summary>
    public StoreId Store { get; } = store.Id;

    /// <summary>The incarnation of the newest good Hello.</summary>
    public Holder Holder { get; private set; } = store.Holder;

    /// <summary>Whether a welcomed connection is up.</summary>
    public bool IsOnline => Volatile.Read(ref _connection) is not null;

    /// <summary>Online or offline since, Unix milliseconds.</summary>
    public long SinceMs => Interlocked.Read(ref _sinceMs);

    /// <summary>What the agent last said of itself.</summary>
    public AgentHeartbeat Heartbeat => Volatile.Read(ref _heartbeat);

    /// <summary>The agent's clock less the hub's at the last heartbeat, milliseconds.</summary>
    public long ClockSkewMs => Heartbeat.WallClockMs == 0 ? 0 : Heartbeat.WallClockMs - Interlocked.Read(ref _hubClockAtHeartbeat);

    /// <summary>The committed watermark.</summary>
    public long CommittedSequence
    {
        get
        {
            lock (_gate)
            {
                return _session?.CommittedSequence ?? 0;
            }
        }
    }

    /// <summary>Judges a Hello. A good one takes over from an older connection of the same store.</summary>
    /// <returns>The frame to answer with, and whether the connection goes on.</returns>
    public (HubFrame Answer, bool Welcome) OnHello(Hello hello, Connection connection)
    {
        lock (_gate)
        {
            if (hello.Holder.Incarnation != parts.Stores.Find(Store)!.Incarnation)
            {
                return (StaleFrame(connection.Nonce, $"Incarnation {hello.Holder.Incarnation} of store {Store} is not the living one."), false);
            }

            _session ??= OpenSession(hello.Holder);
            if (_session.OnHello(hello) is Core.Protocol.Stale stale)
            {
                parts.Log.LogError("Store {Store} is stale and was told to lock: {Reason}", Store, stale.Reason);
                return (StaleFrame(connection.Nonce, stale.Reason), false);
            }

            Holder = hello.Holder;
            _connection?.End();
            Interlocked.Exchange(ref _sinceMs, NowMs());
            _heartbeat = new AgentHeartbeat { TipSequence = hello.TipSequence, BacklogOps = hello.TipSequence - _session.CommittedSequence, FeedPosition = hello.FeedPosition };
            _catchingUp = true;
            return (new HubFrame
            {
                Welcome = new Welcome
                {
                    Nonce = connection.Nonce,
                    Token = parts.Stores.NextToken(Store, hello.Token),
                    HubTerm = 1,
                    CommittedSequence = _session.CommittedSequence,
                    CommittedHash = ByteString.CopyFrom(_session.CommittedHash.ToBytes()),
                    MaxUnackedBytes = WindowBytes,
                    HubClockMs = NowMs(),
                },
            }, true);
        }
    }

    /// <summary>The connection was welcomed: from now on changes go out on it.</summary>
    public void GoOnline(Connection connection) => Volatile.Write(ref _connection, connection);

    /// <summary>The connection is gone.</summary>
    public void GoOffline(Connection connection)
    {
        if (Interlocked.CompareExchange(ref _connection, null, connection) == connection)
        {
            Interlocked.Exchange(ref _sinceMs, NowMs());
        }
    }

    /// <summary>Takes a batch of ops: checks it and hands the new ones to their members' grains.</summary>
    /// <returns>Null, or why the connection must end.</returns>
    public string? OnBatch(OpBatch batch)
    {
        lock (_gate)
        {
            if (batch.Incarnation != Holder.Incarnation.Value || batch.PreviousHash.Length is not (0 or OpHash.Size))
            {
                return "The batch is of another incarnation, or its hash has a wrong length.";
            }

            var envelopes = batch.Envelopes.Select(envelope => envelope.Memory).ToArray();
            var verdict = _session!.OnBatch(batch.FirstSequence, OpHash.FromBytes(batch.PreviousHash.Span), envelopes);
            // Handed on under the lock: the order of ops of one store for one member is the order of its log.
            foreach (var op in verdict.Ops)
            {
                HandOn(op);
            }

            return verdict.Fault;
        }
    }

    /// <summary>An op of this store is durable.</summary>
    public void OnApplied(long sequence, Core.Members.Classification classification, string note)
    {
        HubFrame? frame = null;
        lock (_gate)
        {
            var moved = _session!.OnApplied(sequence);
            if (moved)
            {
                parts.Stores.MoveCursor(Holder, _session.CommittedSequence, _session.CommittedHash);
            }

            if (moved || classification != Core.Members.Classification.Normal)
            {
                frame = AckOf(_session);
                if (classification != Core.Members.Classification.Normal)
                {
                    frame.OpAck.Classified.Add(new ClassifiedOp { Sequence = sequence, Classification = (V1.Classification)classification, Note = note });
                }
            }
        }

        if (frame is not null)
        {
            Send(frame);
        }
    }

    /// <summary>Repeats the watermark. An acknowledgement that fell between two connections must not wait for the store's next op.</summary>
    public void SendAck()
    {
        HubFrame frame;
        lock (_gate)
        {
            frame = AckOf(_session!);
        }

        Send(frame);
    }

    /// <summary>Queues a frame on the connection of the moment; drops it when there is none, because every frame is absolute.</summary>
    public void Send(HubFrame frame) => Volatile.Read(ref _connection)?.Send(frame);

    /// <summary>The agent said how it is.</summary>
    public void OnHeartbeat(AgentHeartbeat heartbeat)
    {
        Interlocked.Exchange(ref _hubClockAtHeartbeat, NowMs());
        Volatile.Write(ref _heartbeat, heartbeat);
    }

    /// <summary>Tells an agent that is back of every member that changed since its cursor and that it follows.</summary>
    public async Task CatchUpAsync(long position, Connection connection)
    {
        // The connection is online already, so what changes from here on is sent by itself; the scan covers what changed before.
        for (var page = parts.Journal.ReadChanges(position, CatchUpPage); page.Count > 0; page = parts.Journal.ReadChanges(position, CatchUpPage))
        {
            Interlocked.Exchange(ref _catchUpWaiting, page.Count);
            foreach (var change in page)
            {
                parts.Grains.Post(new GrainMessage(new MemberId(change.Stream.Value), new CatchUpWanted(Holder)));
            }

            while (Interlocked.Read(ref _catchUpWaiting) > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), parts.Time, connection.Ended).ConfigureAwait(false);
            }

            position = page[^1].Position;
        }

        lock (_gate)
        {
            _catchingUp = false;
        }

        SendFeedMark();
    }

    /// <summary>One member of a catch-up was dealt with.</summary>
    public void OnCaughtUp() => Interlocked.Decrement(ref _catchUpWaiting);

    /// <summary>Says up to which position every change has been sent.</summary>
    public void SendFeedMark()
    {
        // Read before sending: everything released up to it was queued before the mark is.
        var position = parts.Pipeline.ReleasedPosition;
        lock (_gate)
        {
            if (_catchingUp)
            {
                return;
            }
        }

        Send(new HubFrame { FeedMark = new FeedMark { Position = position } });
    }

    private void HandOn(IncomingOp incoming)
    {
        Core.Ops.Op op;
        try
        {
            op = OpCodec.Decode(incoming.Bytes);
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidDataException)
        {
            KeepWithoutMember(incoming, Core.Members.Classification.Anomaly, "Parked: the bytes are no op. " + fault.Message);
            return;
        }

        if (op.Id != new Core.Primitives.OpId(Holder, incoming.Sequence))
        {
            KeepWithoutMember(incoming, Core.Members.Classification.Anomaly, string.Create(CultureInfo.InvariantCulture, $"Parked: the op calls itself {op.Id}."));
            return;
        }

        if (op.Member == default)
        {
            KeepWithoutMember(incoming, Core.Members.Classification.Normal, "");
            return;
        }

        parts.Grains.Post(new GrainMessage(op.Member, new OpArrived(op), incoming));
    }

    // A fact about no member, or one that nobody can read: its bytes are kept in their place all the same.
    private void KeepWithoutMember(IncomingOp incoming, Core.Members.Classification classification, string note)
    {
        var batch = new JournalBatch();
        batch.Facts.Add(new NewFact(new ProducerId(Store.Value, Holder.Incarnation.Value), incoming.Sequence, incoming.Hash.ToBytes(), incoming.Bytes));
        if (classification != Core.Members.Classification.Normal)
        {
            CaseBook.Open(batch, CaseRules.Unreadable(new Core.Primitives.OpId(Holder, incoming.Sequence), note, NowMs()));
        }

        parts.Pipeline.Submit(batch, null, () => OnApplied(incoming.Sequence, classification, note));
    }

    // The cursor may lag behind the ops that are on the disk; those are remembered, so that nothing is applied twice after a restart.
    private StoreSession OpenSession(Holder holder)
    {
        var producer = new ProducerId(holder.Store.Value, holder.Incarnation.Value);
        var cursor = parts.Journal.ReadCursor("committed", producer);
        var session = new StoreSession(holder, cursor?.Sequence ?? 0, OpHash.FromBytes(cursor?.Hash ?? []));
        var next = session.CommittedSequence + 1;
        for (var facts = parts.Journal.ReadFacts(producer, next, 1000, 4 << 20); facts.Count > 0; facts = parts.Journal.ReadFacts(producer, next, 1000, 4 << 20))
        {
            foreach (var fact in facts)
            {
                session.RememberApplied(fact.Sequence, OpHash.FromBytes(fact.Hash));
            }

            next = facts[^1].Sequence + 1;
        }

        return session;
    }

    private HubFrame AckOf(StoreSession session) => new()
    {
        OpAck = new OpAck
        {
            Incarnation = Holder.Incarnation.Value,
            CommittedSequence = session.CommittedSequence,
            CommittedHash = UnsafeByteOperations.UnsafeWrap(session.CommittedHash.ToBytes()),
        },
    };

    private static HubFrame StaleFrame(ByteString nonce, string reason) => new() { Stale = new V1.Stale { Nonce = nonce, Reason = reason } };

    private long NowMs() => parts.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
