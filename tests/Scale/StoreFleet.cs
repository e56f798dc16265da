using SyncHub.Agent.Sync;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Sync;
using SyncHub.Storage;

namespace SyncHub.Scale;

/// <summary>All stores: what they log, to which hub they are connected, and how they come back, with the agent's own rota and back-off.</summary>
internal sealed class StoreFleet
{
    private const int PercentAtHome = 85; // the others come to any store

    private readonly ScaleOptions _options;
    private readonly VirtualTime _time;
    private readonly Dice _dice;
    private readonly World _world;
    private readonly SimStore[] _stores;
    private readonly Dictionary<string, SimHub> _byAddress;
    private readonly int _window;
    private double _due;

    public StoreFleet(ScaleOptions options, VirtualTime time, IReadOnlyList<SimHub> hubs, Dice dice, World world)
    {
        (_options, _time, _dice, _world) = (options, time, dice, world);
        _byAddress = hubs.ToDictionary(hub => hub.Address, StringComparer.Ordinal);
        _window = OpWindow.BytesFor(options.Stores / options.Hubs) / options.Costs.OpBytes;
        // Each store has the hubs in an order of its own: those that lose one hub must not all go to the same next one.
        _stores = [.. Enumerable.Range(0, options.Stores).Select(number => new SimStore(number, new HubRota(dice.Shuffle(_byAddress.Keys))))];
        foreach (var store in _stores)
        {
            Attach(store, _byAddress[store.Rota.Current]);
        }
    }

    /// <summary>Stores without a hub.</summary>
    public int Offline { get; private set; }

    /// <summary>Ops that were not sent yet.</summary>
    public long Backlog { get; private set; }

    /// <summary>Ops acknowledged.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Connections that came about.</summary>
    public long Connections { get; private set; }

    /// <summary>Calls that came to nothing.</summary>
    public long Failed { get; private set; }

    /// <summary>From sending to acknowledgement, at the hubs; started anew for each scenario.</summary>
    public Spread LatencyUs { get; private set; } = new();

    /// <summary>From the call to the welcome.</summary>
    public Spread ConnectUs { get; private set; } = new();

    /// <summary>Tills log what is due, online or not.</summary>
    public void Log(long tickUs)
    {
        _due += _options.OpsPerSecond * (tickUs / 1e6) * (0.8 + (0.4 * _dice.Chance()));
        var byHub = new Dictionary<SimHub, List<SimStore>>();
        for (; _due >= 1; _due--)
        {
            var store = _stores[_dice.Below(_stores.Length)];
            if (store.Hub is null || store.Backlog > 0 || store.UnderWay >= _window)
            {
                store.Backlog++;
                Backlog++;
                continue;
            }

            store.UnderWay++;
            (byHub.TryGetValue(store.Hub, out var some) ? some : byHub[store.Hub] = []).Add(store);
        }

        foreach (var (hub, stores) in byHub)
        {
            Send(hub, stores);
        }
    }

    /// <summary>An op is durable and its effects are out.</summary>
    public void OnAcknowledged(SimOp op)
    {
        var store = _stores[op.Store];
        if (store.Connection != op.Connection)
        {
            return; // its store has lost the connection: it will send the op again and hear that it is known
        }

        Acknowledged++;
        LatencyUs.Add(_time.NowUs - op.SentUs + (op.IsForwarded ? _options.Costs.BetweenHubsUs : 0));
        store.UnderWay--;
        if (store.Backlog > 0 && !store.IsRefilling && store.UnderWay <= _window / 2)
        {
            store.IsRefilling = true;
            _time.After(_options.Costs.StoreRoundTripUs, () => Refill(store));
        }
    }

    /// <summary>Nobody hears of it: silence tells each store after a while.</summary>
    public void OnCrashed(SimHub hub)
    {
        foreach (var store in _stores.Where(store => store.Hub == hub))
        {
            Detach(store);
            store.Rota.MoveOn();
            var notices = HubSilence.Longest + (HubConnection.BeatInterval * _dice.Chance());
            _time.After((long)notices.TotalMicroseconds, () => BeginRound(store, 0));
        }

        foreach (var store in _stores.Where(store => store.GreetedBy == hub))
        {
            store.GreetedBy = null;
            _time.After((long)HubSilence.Longest.TotalMicroseconds, () => Fail(store, 0));
        }
    }

    /// <summary>The network of every store fails.</summary>
    public void CutAll()
    {
        foreach (var store in _stores.Where(store => store.Hub is not null))
        {
            Detach(store);
        }
    }

    /// <summary>It is back, and each store is somewhere in the longest wait of its back-off.</summary>
    public void RestoreAll()
    {
        foreach (var store in _stores)
        {
            _time.After((long)(HubBackoff.After(int.MaxValue, 1).TotalMicroseconds * _dice.Chance()), () => BeginRound(store, 8));
        }
    }

    /// <summary>Quantiles are of what happens from now on.</summary>
    public void BeginFigures() => (LatencyUs, ConnectUs) = (new Spread(), new Spread());

    private static void Attach(SimStore store, SimHub hub)
    {
        store.Hub = hub;
        hub.Stores++;
    }

    private void Detach(SimStore store)
    {
        store.Hub!.Stores--;
        store.Hub = null;
        store.Connection++;
        (store.Backlog, Backlog, store.UnderWay, store.IsRefilling) = (store.Backlog + store.UnderWay, Backlog + store.UnderWay, 0, false);
        Offline++;
    }

    private void BeginRound(SimStore store, int failedRounds)
    {
        store.Rota.BeginRound();
        Call(store, failedRounds);
    }

    private void Call(SimStore store, int failedRounds)
    {
        var (hub, attempt, called) = (_byAddress[store.Rota.Current], ++store.Attempt, _time.NowUs);
        _time.After((long)HubChannel.ConnectTimeout.TotalMicroseconds, () =>
        {
            if (store.Attempt == attempt && store.Hub is null && store.GreetedBy is null)
            {
                Fail(store, failedRounds);
            }
        });
        hub.Run(() => (long)_options.Costs.ConnectUs, () =>
        {
            if (store.Attempt != attempt || store.Hub is not null)
            {
                return; // it has given up: the hub's work was for nothing
            }

            store.GreetedBy = hub;
            hub.PipelineOf(hub.Databases[store.Number % hub.Databases.Count]).Submit(new JournalBatch(), null, () =>
            {
                store.GreetedBy = null;
                if (store.Attempt == attempt && store.Hub is null)
                {
                    Connections++;
                    Offline--;
                    ConnectUs.Add(_time.NowUs - called);
                    Attach(store, hub);
                    Refill(store);
                }
            });
        });
    }

    private void Fail(SimStore store, int failedRounds)
    {
        Failed++;
        store.Attempt++;
        if (store.Rota.MoveOn())
        {
            _time.After((long)HubBackoff.WithinRound(_dice.Chance()).TotalMicroseconds, () => Call(store, failedRounds));
        }
        else
        {
            _time.After((long)HubBackoff.After(failedRounds, _dice.Chance()).TotalMicroseconds, () => BeginRound(store, failedRounds + 1));
        }
    }

    private void Refill(SimStore store)
    {
        store.IsRefilling = false;
        while (store.Hub is { } hub && store.Backlog > 0 && store.UnderWay < _window)
        {
            var ops = Math.Min(OpOutbox.LargestBatchOps, Math.Min(store.Backlog, _window - store.UnderWay));
            (store.Backlog, Backlog, store.UnderWay) = (store.Backlog - ops, Backlog - ops, store.UnderWay + ops);
            Send(hub, Enumerable.Repeat(store, ops));
        }
    }

    private void Send(SimHub hub, IEnumerable<SimStore> stores)
    {
        var ops = stores.Select(store =>
        {
            var member = Dice.Member(_dice.Below(100) < PercentAtHome ? store.Number + (_dice.Below((int)Math.Max(1, _options.Members / _options.Stores)) * (long)_options.Stores) : (long)(_dice.Next() % (ulong)_options.Members));
            return new SimOp(member, store.Number, store.Connection, _time.NowUs, !_world.IsAt(hub, member));
        }).ToArray();
        hub.Run(() => (long)((ops.Length * _options.Costs.IntakeUs) + (ops.Count(static op => op.IsForwarded) * _options.Costs.ForwardUs)), () => _world.Route(hub, ops));
    }
}
