using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Stores;
using SyncHub.Storage;
using SyncHub.V1;
using Hello = SyncHub.Core.Protocol.Hello;
using LifeStatus = SyncHub.Core.Identity.LifeStatus;
using Quarantined = SyncHub.Core.Identity.Quarantined;
using Reincarnated = SyncHub.Core.Identity.Reincarnated;
using Stale = SyncHub.Core.Identity.Stale;

namespace SyncHub.Hub.Sync;

/// <summary>Who speaks for a store: the connection of the moment, those that wait to be judged, and the copies in quarantine.</summary>
/// <remarks>Under its link's gate, but for what says otherwise. What it decides is durable before anybody hears of it.</remarks>
internal sealed class Speaker(StoreId store, HubParts parts, Lock gate, StoreChains chains)
{
    /// <summary>How long a living stream may take to answer that it is still there, milliseconds.</summary>
    public const int ChallengeMs = 2000;

    private readonly HashSet<IStoreConnection> _quarantined = [];
    private IStoreConnection? _connection;
    private Caller? _challenger;
    private long _token;
    private long _hellos;
    private long _sinceMs = parts.NowMs();
    private string _quarantine = "";

    /// <summary>What is to be done when a connection speaks for the store from now on.</summary>
    public required Action<Caller, Welcomed> Welcome { get; init; }

    /// <summary>What is to be done when nobody does any more.</summary>
    public required Action Gone { get; init; }

    /// <summary>The life of the newest good Hello.</summary>
    public Holder Holder { get; private set; } = parts.Stores.Find(store)!.Holder;

    /// <summary>Whether a welcomed connection is up. From any thread.</summary>
    public bool IsOnline => Volatile.Read(ref _connection) is not null;

    /// <summary>Online or offline since, Unix milliseconds. From any thread.</summary>
    public long SinceMs => Interlocked.Read(ref _sinceMs);

    /// <summary>Why a machine that calls itself this store has to wait; empty where none does. From any thread.</summary>
    public string Quarantine => Volatile.Read(ref _quarantine);

    /// <summary>Queues a frame on the connection of the moment; drops it when there is none. From any thread.</summary>
    public void Send(HubFrame frame) => Volatile.Read(ref _connection)?.Send(frame);

    /// <summary>Whether this connection speaks for the store.</summary>
    public bool Is(IStoreConnection connection) => _connection == connection;

    /// <summary>Judges a Hello.</summary>
    public void OnHello(Hello hello, IReadOnlyList<DeadLog> deadLogs, IStoreConnection connection) => Judge(new Caller(++_hellos, hello, deadLogs, connection));

    /// <summary>A connection has ended.</summary>
    public void OnEnded(IStoreConnection connection)
    {
        _quarantined.Remove(connection);
        if (_connection == connection)
        {
            GoOffline();
            if (_challenger is { } next)
            {
                Judge(next); // nobody is there to answer the challenge
            }
        }

        if (_challenger?.Connection == connection)
        {
            _challenger = null;
        }
    }

    /// <summary>Whoever answers a challenge is still there: the other one is a copy.</summary>
    public void OnChallengeReply(ChallengeReply reply, IStoreConnection connection)
    {
        if (_connection == connection && _challenger is { } copy && copy.Number == reply.Id)
        {
            _challenger = null;
            Answer(copy, HelloJudge.Clone(parts.Stores.Find(store)!.Lives, copy.Hello));
        }
    }

    /// <summary>The connection was used: its newest token is known to have arrived.</summary>
    public void Confirm()
    {
        if (_token != 0)
        {
            var token = _token;
            _token = 0;
            parts.Stores.Update(store, known => known with { Lives = known.Lives.Confirm(Holder.Incarnation, token) });
        }
    }

    /// <summary>Ends the connection of the moment.</summary>
    public void End()
    {
        _connection?.End();
        GoOffline();
    }

    /// <summary>Ends every connection: HQ has decided about this store, and whoever waits hears of it by asking again.</summary>
    public void EndAll()
    {
        End();
        _quarantine = "";
        foreach (var waiting in _quarantined)
        {
            waiting.End();
        }

        _quarantined.Clear();
    }

    private void Judge(Caller caller)
    {
        var known = parts.Stores.Find(store)!;
        var chain = known.Lives.Find(caller.Hello.Holder.Incarnation) is { Status: not LifeStatus.Branch } life ? chains.Of(life.Number).Main : null;
        var answer = HelloJudge.Judge(known.Lives, caller.Hello, new HelloContext(parts.Stores.FirstLife, known.IsReconciling, chain, _connection is not null));
        if (answer is ChallengeFirst)
        {
            _challenger?.Connection.End();
            _challenger = caller;
            Send(new HubFrame { Challenge = new Challenge { Id = caller.Number } });
            parts.Schedule.RunAfter(ChallengeMs, () => OnChallengeUnanswered(caller));
            return;
        }

        _challenger = _challenger == caller ? null : _challenger;
        Answer(caller, answer);
    }

    private void OnChallengeUnanswered(Caller caller)
    {
        lock (gate)
        {
            if (_challenger == caller)
            {
                _challenger = null;
                End(); // half-open: it will not be missed
                Judge(caller);
            }
        }
    }

    // Until the answer is durable nobody speaks for the store.
    private void Answer(Caller caller, HelloAnswer answer)
    {
        parts.Stores.Update(store, known => known with { Lives = answer.Lives });
        switch (answer)
        {
            case Welcomed or Reincarnated:
                End();
                break;
            case Stale stale:
                parts.Log.LogError("Store {Store} is stale and was told to lock: {Reason}", store, stale.Reason);
                break;
            case Quarantined quarantined:
                Volatile.Write(ref _quarantine, quarantined.Reason);
                parts.Log.LogError("A machine was put in quarantine: {Reason}", quarantined.Reason);
                break;
            default:
                break;
        }

        if (answer is Reincarnated { Old: var old })
        {
            chains.Of(old).MayExtend = true;
        }

        parts.Pipeline.Submit(new JournalBatch(), null, () => Tell(caller, answer));
    }

    private void Tell(Caller caller, HelloAnswer answer)
    {
        lock (gate)
        {
            var nonce = caller.Connection.Nonce;
            switch (answer)
            {
                case Welcomed welcomed when caller.Number == _hellos && parts.Stores.Find(store)!.Lives.Living?.Number == caller.Hello.Holder.Incarnation:
                    GoOnline(caller, welcomed);
                    break;
                case Welcomed:
                    caller.Connection.End(); // a newer Hello came meanwhile, or HQ ended this life
                    break;
                case Stale stale:
                    caller.Connection.Send(new HubFrame { Stale = new V1.Stale { Nonce = nonce, Reason = stale.Reason } });
                    break;
                case Quarantined quarantined:
                    _quarantined.Add(caller.Connection);
                    caller.Connection.Send(new HubFrame { Quarantine = new Quarantine { Nonce = nonce, Reason = quarantined.Reason } });
                    break;
                case Reincarnated reborn:
                    caller.Connection.Send(new HubFrame
                    {
                        Reincarnated = new V1.Reincarnated { Nonce = nonce, OldIncarnation = reborn.Old.Value, NewIncarnation = reborn.New.Value, Wish = UnsafeByteOperations.UnsafeWrap(reborn.Wish.ToBytes()) },
                    });
                    break;
                default:
                    throw new InvalidOperationException($"No frame for {answer.GetType().Name}.");
            }
        }
    }

    private void GoOnline(Caller caller, Welcomed welcomed)
    {
        Holder = caller.Hello.Holder;
        _token = welcomed.Token;
        Volatile.Write(ref _connection, caller.Connection);
        Volatile.Write(ref _quarantine, _quarantined.Count > 0 ? _quarantine : ""); // a copy that still waits does not call again
        Interlocked.Exchange(ref _sinceMs, parts.NowMs());
        parts.Log.LogInformation("Store {Store} is online at op {Sequence}", store, caller.Hello.TipSequence);
        Welcome(caller, welcomed);
    }

    private void GoOffline()
    {
        if (_connection is null)
        {
            return;
        }

        Volatile.Write(ref _connection, null);
        Interlocked.Exchange(ref _sinceMs, parts.NowMs());
        parts.Log.LogInformation("Store {Store} is offline", store);
        Gone();
    }
}
