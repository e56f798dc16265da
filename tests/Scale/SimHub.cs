using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Stores;

namespace SyncHub.Scale;

/// <summary>One hub process: cores that take what is ready in order, and the product's commit pipeline before each database that it writes to.</summary>
internal sealed class SimHub
{
    private readonly VirtualTime _time;
    private readonly IReadOnlyList<SimDatabase> _databases;
    private readonly Queue<(Func<long> Begin, Action Done)> _ready = new();
    private readonly Dictionary<int, CommitPipeline> _pipelines = [];
    private int _idle;

    public SimHub(string address, int cores, IReadOnlyList<SimDatabase> databases, VirtualTime time)
    {
        (Address, _idle, Cores, _databases, _time) = (address, cores, cores, databases, time);
        foreach (var database in databases)
        {
            CommitPipeline? pipeline = null;
            var journal = new SimJournal(database, time, () =>
            {
                while (IsAlive && pipeline!.ReleaseNext())
                {
                }
            });
            pipeline = new CommitPipeline(journal, StoreRegistry.Load(journal, time), NullLogger<CommitPipeline>.Instance);
            _pipelines.Add(database.Number, pipeline);
        }
    }

    /// <summary>What agents call it by.</summary>
    public string Address { get; }

    /// <summary>Its cores.</summary>
    public int Cores { get; }

    /// <summary>Whether it runs.</summary>
    public bool IsAlive { get; private set; } = true;

    /// <summary>The databases whose partitions it shares.</summary>
    public IReadOnlyList<SimDatabase> Databases => _databases;

    /// <summary>Stores that are connected to it.</summary>
    public int Stores { get; set; }

    /// <summary>Processor time that it used.</summary>
    public double BusyUs { get; private set; }

    /// <summary>What waits for a core.</summary>
    public int Ready => _ready.Count;

    /// <summary>Ops that it decided.</summary>
    public long Decided { get; set; }

    /// <summary>It is gone, and with it all that it had not committed.</summary>
    public void Crash()
    {
        IsAlive = false;
        _ready.Clear();
    }

    /// <summary>The way of its decisions to a database.</summary>
    public CommitPipeline PipelineOf(SimDatabase database) => _pipelines[database.Number];

    /// <summary>Does something on one of its cores, as soon as one is free.</summary>
    /// <param name="begin">Begins it and says how long it takes.</param>
    /// <param name="done">When it is done.</param>
    public void Run(Func<long> begin, Action done)
    {
        if (!IsAlive)
        {
            return;
        }

        _ready.Enqueue((begin, done));
        Next();
    }

    /// <summary>Uses processor time beside everything else.</summary>
    public void Use(double us) => BusyUs += us;

    private void Next()
    {
        while (_idle > 0 && _ready.TryDequeue(out var work))
        {
            _idle--;
            var takes = work.Begin();
            BusyUs += takes;
            _time.After(takes, () =>
            {
                _idle++;
                if (IsAlive)
                {
                    work.Done();
                    Next();
                }
            });
        }
    }
}
