using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>What the audit remembers of one agent's file.</summary>
internal sealed class AgentLog(string path)
{
    public string Path { get; } = path;

    /// <summary>Ops by producer; one producer, unless the store's database was given a new life.</summary>
    public Dictionary<ProducerId, AgentProducer> Producers { get; } = [];

    /// <summary>Who writes here now; null where nobody can tell.</summary>
    public ProducerId? Current { get; set; }

    /// <summary>What the agent remembers of the logs of earlier lives, by incarnation.</summary>
    public Dictionary<long, DeadLogState> Dead { get; } = [];

    /// <summary>g of each line, from the documents; those of <see cref="Current"/>.</summary>
    public Dictionary<(UInt128 Member, BucketKey Bucket), Int128> Granted { get; } = [];

    /// <summary>Whether the log was read to its end.</summary>
    public bool IsComplete { get; set; }
}

/// <summary>One producer's log at its agent.</summary>
internal sealed class AgentProducer
{
    /// <summary>Each op, in sequence.</summary>
    public List<AgentOp> Ops { get; } = [];

    /// <summary>The hash of the newest op.</summary>
    public byte[] TipHash { get; set; } = Chain.Genesis;

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

    /// <summary>Counts a move; advances and settlements have no line.</summary>
    public void Take(Move move) => Take(move, 1);

    /// <summary>Counts a move back.</summary>
    public void TakeBack(Move move) => Take(move, -1);

    private void Take(Move move, int sign)
    {
        switch (move.Kind)
        {
            case MoveKind.Credit:
                Credited += sign * (Int128)move.AmountMinor;
                break;
            case MoveKind.Debit:
                Debited += sign * (Int128)move.AmountMinor;
                break;
            case MoveKind.Relinquish:
                Relinquished += sign * (Int128)move.AmountMinor;
                break;
        }
    }
}

/// <summary>An op in a store's log: enough to know it again.</summary>
/// <param name="Sequence">Its place.</param>
/// <param name="Digest">Of its bytes.</param>
/// <param name="HashHead">Of its hash, which also says what came before it.</param>
internal readonly record struct AgentOp(long Sequence, UInt128 Digest, UInt128 HashHead);
