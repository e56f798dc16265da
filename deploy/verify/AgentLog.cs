using SyncHub.Storage;

namespace SyncHub.Verify;

/// <summary>What the audit remembers of one agent's file.</summary>
internal sealed class AgentLog(string path)
{
    public string Path { get; } = path;

    /// <summary>Ops by producer; one producer, unless the store's database was given a new life.</summary>
    public Dictionary<ProducerId, AgentProducer> Producers { get; } = [];

    /// <summary>Who writes here now; null where nobody can tell.</summary>
    public ProducerId? Current { get; set; }

    /// <summary>g of each line, from the documents; those of <see cref="Current"/>.</summary>
    public Dictionary<(UInt128 Member, BucketKey Bucket), Int128> Granted { get; } = [];

    /// <summary>Whether the log was read to its end.</summary>
    public bool IsComplete { get; set; }
}

/// <summary>One producer's log at its agent.</summary>
internal sealed class AgentProducer
{
    /// <summary>Sequence and digest of each op, in sequence.</summary>
    public List<(long Sequence, UInt128 Digest)> Ops { get; } = [];

    /// <summary>c, d, r as the log adds them up.</summary>
    public Dictionary<(UInt128 Member, BucketKey Bucket), AgentTotals> Totals { get; } = [];

    public long Tip => Ops.Count == 0 ? 0 : Ops[^1].Sequence;
}

/// <summary>c, d, r of one line.</summary>
internal sealed class AgentTotals
{
    public Int128 Credited { get; set; }

    public Int128 Debited { get; set; }

    public Int128 Relinquished { get; set; }
}
