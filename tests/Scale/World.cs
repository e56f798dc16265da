using SyncHub.Hub.Grains;

namespace SyncHub.Scale;

/// <summary>Hubs, databases and partitions with the load of all stores, on virtual time.</summary>
internal sealed class World
{
    private const long TickUs = 2_000;
    private const long SampleUs = 100_000;
    private const int RoundsPerLease = 3; // as a writer renews

    private readonly ScaleOptions _options;
    private readonly GrainDirectory _grains = new();
    private readonly SimPartition[] _partitions;

    public World(ScaleOptions options)
    {
        _options = options;
        Dice = new Dice(options.Seed);
        Databases = [.. Enumerable.Range(0, options.Databases).Select(number => new SimDatabase(number, CountOf(number), options.LeaseMs, options.Costs, Time))];
        Hubs = [.. Enumerable.Range(0, options.Hubs).Select(MakeHub)];
        var settings = new PartitionSettings(1);
        _partitions = [.. Enumerable.Range(0, options.Partitions).Select(number => new SimPartition(number, Databases[number % options.Databases], settings, options.Costs, Dice, options.ColdPermille, op => Stores!.OnAcknowledged(op)))];
        _grains.Use([.. _partitions], _partitions.Length);
        Stores = new StoreFleet(options, Time, Hubs, Dice, this);
        foreach (var hub in Hubs)
        {
            Renew(hub);
        }

        Time.After(0, Tick);
        Time.After(SampleUs, TakeSample);
    }

    /// <summary>The clock.</summary>
    public VirtualTime Time { get; } = new();

    /// <summary>All chance.</summary>
    public Dice Dice { get; }

    /// <summary>The databases.</summary>
    public IReadOnlyList<SimDatabase> Databases { get; }

    /// <summary>The hubs, dead ones too.</summary>
    public IReadOnlyList<SimHub> Hubs { get; private set; }

    /// <summary>The partitions, by number.</summary>
    public IReadOnlyList<SimPartition> Partitions => _partitions;

    /// <summary>The stores.</summary>
    public StoreFleet Stores { get; }

    /// <summary>Every 100 ms.</summary>
    public List<Sample> Samples { get; } = [];

    /// <summary>How many partitions changed hands in good order.</summary>
    public int Moved { get; private set; }

    /// <summary>Adds a hub, which nobody's agents know yet.</summary>
    public SimHub AddHub()
    {
        var hub = MakeHub(Hubs.Count);
        Hubs = [.. Hubs, hub];
        Renew(hub);
        return hub;
    }

    /// <summary>A hub's machine is gone without a word.</summary>
    public void Crash(SimHub hub)
    {
        hub.Crash();
        foreach (var partition in _partitions.Where(partition => partition.Owner == hub))
        {
            partition.Lose();
        }

        Stores.OnCrashed(hub);
    }

    /// <summary>Sends ops that a hub has taken in to the grains of their members.</summary>
    public void Route(SimHub from, IReadOnlyList<SimOp> ops)
    {
        foreach (var op in ops.Where(static op => !op.IsForwarded))
        {
            _grains.Post(new GrainMessage(op.Member, op));
        }

        var forwarded = ops.Where(static op => op.IsForwarded).ToArray();
        if (forwarded.Length > 0)
        {
            Time.After(_options.Costs.BetweenHubsUs, () => Array.ForEach(forwarded, op => _grains.Post(new GrainMessage(op.Member, op))));
        }
    }

    /// <summary>Whether a member's grain is at this hub.</summary>
    public bool IsAt(SimHub hub, Core.Primitives.MemberId member) => _partitions[member.Slot(_partitions.Length)].Owner == hub;

    // Each database has some of the hubs, and no two databases the same ones: the partitions of a lost hub then fall on several others.
    private SimHub MakeHub(int number) => new($"https://hub-{number:000}:7400", _options.Cores, [.. Databases.Where(database => HubsOf(database.Number).Contains(number % _options.Hubs))], Time);

    private HashSet<int> HubsOf(int database)
    {
        var first = database * _options.Hubs / _options.Databases;
        var hubs = new HashSet<int>();
        for (var step = 0; hubs.Count < _options.HubsPerDatabase; step++)
        {
            var hub = (first + (step * (step + 1) / 2)) % _options.Hubs;
            while (!hubs.Add(hub))
            {
                hub = (hub + 1) % _options.Hubs;
            }
        }

        return hubs;
    }

    private int CountOf(int database) => (_options.Partitions / _options.Databases) + (database < _options.Partitions % _options.Databases ? 1 : 0);

    private void Renew(SimHub hub)
    {
        if (!hub.IsAlive)
        {
            return;
        }

        foreach (var database in hub.Databases)
        {
            var surplus = database.Leases.Renew(hub.Address, Time.NowUs);
            foreach (var handover in surplus)
            {
                var partition = PartitionOf(database, handover.Partition);
                if (!partition.IsSettling)
                {
                    partition.Settle(() =>
                    {
                        database.Leases.Release(handover);
                        Moved++;
                    });
                }
            }

            foreach (var (place, owner) in database.Leases.Owners)
            {
                var partition = PartitionOf(database, place);
                if (owner.Writer == hub.Address && partition.Owner is null)
                {
                    partition.StartAt(hub);
                }
            }
        }

        Time.After((_options.LeaseMs * 1_000L / RoundsPerLease) + Dice.Below(10_000), () => Renew(hub));
    }

    private SimPartition PartitionOf(SimDatabase database, int place) => _partitions[(place * _options.Databases) + database.Number];

    private void Tick()
    {
        Stores.Log(TickUs);
        foreach (var hub in Hubs)
        {
            var idle = (long)(hub.Stores * _options.Costs.IdleStoreUs * TickUs / 1_000_000);
            if (idle > 0)
            {
                hub.Run(() => idle, static () => { });
            }
        }

        Time.After(TickUs, Tick);
    }

    private void TakeSample()
    {
        Samples.Add(new Sample(Time.NowUs, Stores.Offline, _partitions.Count(partition => partition.Owner is not { IsAlive: true }), Stores.Backlog,
            _partitions.Sum(partition => (long)partition.Waiting), _partitions.Max(partition => partition.Waiting), Hubs.Max(hub => hub.Ready), Databases.Max(database => database.WaitUs), Stores.Acknowledged, Stores.Connections));
        Time.After(SampleUs, TakeSample);
    }
}
