using SyncHub.Storage;

namespace SyncHub.Scale;

/// <summary>One database: its commits follow one another, because each holds the feed.</summary>
internal sealed class SimDatabase(int number, int partitions, int leaseMs, Costs costs, VirtualTime time)
{
    private long _freeAtUs;

    /// <summary>Which one.</summary>
    public int Number { get; } = number;

    /// <summary>Who owns its partitions.</summary>
    public LeaseTable Leases { get; } = new(partitions, leaseMs);

    /// <summary>Time that its feed was held.</summary>
    public long BusyUs { get; private set; }

    /// <summary>Commits so far.</summary>
    public long Commits { get; private set; }

    /// <summary>Records so far.</summary>
    public long Records { get; private set; }

    /// <summary>How long a commit that is sent now would wait for its turn.</summary>
    public long WaitUs => Math.Max(0, _freeAtUs - time.NowUs);

    /// <summary>Writes a batch when its turn comes.</summary>
    /// <returns>When it is durable.</returns>
    public long Write(JournalBatch batch)
    {
        var takes = costs.CommitUs + (long)(costs.RecordUs * batch.Records.Count);
        (BusyUs, Commits, Records) = (BusyUs + takes, Commits + 1, Records + batch.Records.Count);
        return _freeAtUs = Math.Max(_freeAtUs, time.NowUs) + takes;
    }
}
