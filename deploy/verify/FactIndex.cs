using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>What the audit remembers of the hub's facts while it replays the records that name them.</summary>
/// <remarks>
/// Records come in the order of the journal and facts by producer, so one of the two must be kept. Of each op only what moves value is,
/// without texts: some 100 bytes.
/// </remarks>
internal sealed class FactIndex
{
    private const int BlockBytes = 1 << 20;

    private readonly Dictionary<ProducerId, List<FactEntry>> _logs = [];
    private readonly Dictionary<ProducerId, List<long>> _closes = [];
    private readonly Dictionary<ProducerId, long> _ends = [];
    private readonly List<byte[]> _blocks = [];
    private int _used = BlockBytes;

    public IReadOnlyDictionary<ProducerId, List<FactEntry>> Logs => _logs;

    /// <summary>Facts whose predecessor is not there: their chain is checked with the record's own copy of the hash before.</summary>
    public Dictionary<(ProducerId, long), StoredFact> Orphans { get; } = [];

    /// <summary>Which chain each branch goes on from; none for one that begins with a receipt, whose predecessors may be lost.</summary>
    public Dictionary<ProducerId, ProducerId> Origins { get; } = [];

    /// <summary>Keeps a fact. Facts of one producer come in rising sequence.</summary>
    /// <param name="fact">The fact.</param>
    /// <param name="op">What it says, or null where it is no op. Its texts are cleared.</param>
    /// <param name="isNamed">Whether it names the place where it lies.</param>
    public void Add(StoredFact fact, OpEnvelope? op, bool isNamed)
    {
        if (!_logs.TryGetValue(fact.Producer, out var log))
        {
            _logs.Add(fact.Producer, log = []);
        }

        var entry = new FactEntry { Sequence = fact.Sequence, Digest = Chain.Digest(fact.Bytes), HashHead = Chain.Head(fact.Hash), Block = -1 };
        if (op is not null)
        {
            if (isNamed && op.Type == OpType.CloseDay && op.ClosedUpTo == fact.Sequence)
            {
                (_closes.TryGetValue(fact.Producer, out var closes) ? closes : _closes[fact.Producer] = []).Add(fact.Sequence);
            }

            if (isNamed && op.Type == OpType.CloseIncarnation)
            {
                _ends[fact.Producer] = fact.Sequence;
            }

            op.Terminal = op.Operator = op.RequestId = op.Note = "";
            op.Profile = op.Type == OpType.RegisterMember ? op.Profile : null; // the directory is checked against it
            entry.Type = op.Type;
            entry.NeedsRecord = isNamed && OpReader.MemberOf(op) != UInt128.Zero;
            (entry.Block, entry.Start, entry.Length) = Keep(op);
        }

        log.Add(entry);
    }

    /// <summary>Day closes by which a store gave its refund rights up, in rising sequence.</summary>
    public IReadOnlyList<long> ClosesOf(ProducerId producer) => _closes.TryGetValue(producer, out var closes) ? closes : [];

    /// <summary>The newest such day close before an op of a chain, or before that chain was forked; 0 for none, null where nobody can tell.</summary>
    public long? NewestCloseBefore(ProducerId chain, long sequence)
    {
        while (true)
        {
            var log = _logs[chain];
            var limit = sequence;
            var own = ClosesOf(chain).LastOrDefault(close => close < limit);
            if (own > 0 || log[0].Sequence == 1)
            {
                return own;
            }

            if (!Origins.TryGetValue(chain, out chain))
            {
                return null;
            }

            sequence = log[0].Sequence;
        }
    }

    /// <summary>The last op of a life, with which all its refund rights are given up; 0 for none.</summary>
    public long EndOf(ProducerId producer) => _ends.GetValueOrDefault(producer);

    /// <summary>Index of a sequence in its producer's log, negative where it is not there.</summary>
    public static int Find(List<FactEntry> log, long sequence)
    {
        // Contiguous logs, the rule, need no search.
        if (sequence >= 1 && sequence <= log.Count && log[(int)sequence - 1].Sequence == sequence)
        {
            return (int)sequence - 1;
        }

        return log.BinarySearch(new FactEntry { Sequence = sequence }, BySequence.Instance);
    }

    /// <summary>A fact by its place; null where it is not there.</summary>
    public FactEntry? FindEntry(ProducerId producer, long sequence) =>
        _logs.TryGetValue(producer, out var log) && Find(log, sequence) is >= 0 and var index ? log[index] : null;

    /// <summary>The op without its texts; null where the fact is no op.</summary>
    public OpEnvelope? Read(FactEntry entry) => entry.Block < 0 ? null
        : OpEnvelope.Parser.ParseFrom(_blocks[entry.Block].AsSpan(entry.Start, entry.Length));

    private (int Block, int Start, int Length) Keep(OpEnvelope op)
    {
        var length = op.CalculateSize();
        if (length > BlockBytes - _used)
        {
            _blocks.Add(new byte[Math.Max(BlockBytes, length)]);
            _used = 0;
        }

        var start = _used;
        op.WriteTo(_blocks[^1].AsSpan(start, length));
        // A block made for one large op is full.
        _used = Math.Min(BlockBytes, start + length);
        return (_blocks.Count - 1, start, length);
    }

    private sealed class BySequence : IComparer<FactEntry>
    {
        public static readonly BySequence Instance = new();

        public int Compare(FactEntry? x, FactEntry? y) => Nullable.Compare(x?.Sequence, y?.Sequence);
    }
}

/// <summary>One fact at the hub.</summary>
internal sealed class FactEntry
{
    public long Sequence { get; init; }

    /// <summary>Of the bytes as they lie there.</summary>
    public UInt128 Digest { get; init; }

    /// <summary>Of the stored hash.</summary>
    public UInt128 HashHead { get; init; }

    public OpType Type { get; set; }

    /// <summary>Whether a member's record must apply it. An op about no member, or one that nobody can place, is only kept.</summary>
    public bool NeedsRecord { get; set; }

    /// <summary>How many records say that it was applied.</summary>
    public int Applied { get; set; }

    /// <summary>The same op in another chain of its life; one of the two has the record.</summary>
    public FactEntry? Twin { get; set; }

    /// <summary>Whether its store's log has it.</summary>
    public bool IsLogged { get; set; }

    public int Block { get; set; }

    public int Start { get; set; }

    public int Length { get; set; }
}
