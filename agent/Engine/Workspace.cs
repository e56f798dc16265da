using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Agent.Engine;

/// <summary>The journal with what the batch at hand changes laid over it, and the tip of the op log.</summary>
/// <remarks>Owned by the engine; not thread-safe. Nothing in it survives <see cref="Load"/> but what the journal has.</remarks>
internal sealed class Workspace(IJournal journal, Holder holder)
{
    private const int PageOps = 500;
    private const int PageBytes = 1 << 20;

    private readonly OrderedDictionary<DocumentName, DocumentWrite> _changed = [];
    private readonly OrderedDictionary<DocumentName, DocumentWrite> _lazy = [];
    private readonly List<NewFact> _facts = [];

    // Single documents that every op reads; nobody but the engine writes them. A read of the file costs more than deciding a sale.
    private readonly Dictionary<DocumentName, byte[]?> _kept = [];
    private OpHash _durableHash;

    public IJournal Journal { get; } = journal;

    /// <summary>This store in the present life of its database.</summary>
    public Holder Holder { get; private set; } = holder;

    public ProducerId Producer => new(Holder.Store.Value, Holder.Incarnation.Value);

    public long TipSequence { get; private set; }

    public OpHash TipHash { get; private set; }

    public OpId NextId => new(Holder, TipSequence + 1);

    public void Load()
    {
        _changed.Clear();
        _lazy.Clear();
        _facts.Clear();
        _kept.Clear();
        Holder = AgentIdentity.Read(Journal) ?? Holder;
        var newest = Journal.ReadNewestFacts(Producer, 1);
        TipSequence = newest.Count == 0 ? 0 : newest[0].Sequence;
        TipHash = newest.Count == 0 ? OpHash.Genesis : OpHash.FromBytes(newest[0].Hash);
        _durableHash = TipHash;
    }

    public byte[]? Read(string collection, byte[] key)
    {
        var name = new DocumentName(collection, key);
        return _changed.TryGetValue(name, out var change) || _lazy.TryGetValue(name, out change)
            ? change.Value
            : Journal.ReadDocument(collection, key);
    }

    /// <summary>As <see cref="Read"/>, for a document that stands alone: it is kept in memory from then on.</summary>
    public byte[]? ReadKept(string collection, byte[] key)
    {
        var name = new DocumentName(collection, key);
        if (_changed.TryGetValue(name, out var change) || _lazy.TryGetValue(name, out change))
        {
            return change.Value;
        }

        if (!_kept.TryGetValue(name, out var value))
        {
            _kept[name] = value = Journal.ReadDocument(collection, key);
        }

        return value;
    }

    public void Write(string collection, byte[] key, byte[]? value) =>
        _changed[new DocumentName(collection, key)] = new DocumentWrite(collection, key, value);

    /// <summary>Written with the next batch that has something else to write: a cursor alone is not worth an fsync.</summary>
    public void WriteLazily(string collection, byte[] key, byte[]? value) =>
        _lazy[new DocumentName(collection, key)] = new DocumentWrite(collection, key, value);

    public OpHash Append(Op op)
    {
        var bytes = OpCodec.Encode(op);
        TipHash = TipHash.Next(bytes);
        TipSequence = op.Id.Sequence;
        _facts.Add(new NewFact(Producer, TipSequence, TipHash.ToBytes(), bytes));
        return TipHash;
    }

    /// <summary>Ops of the batch at hand, oldest first.</summary>
    public IEnumerable<Op> PendingOps => _facts.Select(fact => OpCodec.Decode(fact.Bytes));

    /// <summary>A new life begins, with an empty log; the old log stays under its own numbers.</summary>
    public void BeginLife(Holder next)
    {
        Holder = next;
        TipSequence = 0;
        TipHash = OpHash.Genesis;
    }

    /// <summary>The bytes of an op as they were logged, and the hash before it; null where the log has none.</summary>
    public (OpHash Previous, byte[] Bytes)? ReadLogged(long sequence)
    {
        var bytes = FactAt(sequence)?.Bytes;
        var previous = sequence == 1 ? OpHash.Genesis : IsFirstPending(sequence) ? _durableHash : FactAt(sequence - 1)?.Hash;
        return bytes is null || previous is not { } hash ? null : (hash, bytes);
    }

    private bool IsFirstPending(long sequence) => _facts.Count > 0 && _facts[0].Producer == Producer && _facts[0].Sequence == sequence;

    private (OpHash Hash, byte[] Bytes)? FactAt(long sequence)
    {
        var pending = _facts.FindIndex(fact => fact.Producer == Producer && fact.Sequence == sequence);
        if (pending >= 0)
        {
            return (OpHash.FromBytes(_facts[pending].Hash.Span), _facts[pending].Bytes.ToArray());
        }

        var stored = Journal.ReadFacts(Producer, sequence, 1, int.MaxValue);
        return stored.Count == 1 && stored[0].Sequence == sequence ? (OpHash.FromBytes(stored[0].Hash), stored[0].Bytes) : null;
    }

    /// <summary>A change of profile or tags with its hash in the log; null where the log of this life has no such op.</summary>
    public Edit? ReadEdit(long sequence) => FactAt(sequence) is { } fact ? new Edit(OpCodec.Decode(fact.Bytes), fact.Hash) : null;

    public Op? ReadOp(long sequence)
    {
        var pending = _facts.FindIndex(fact => fact.Producer == Producer && fact.Sequence == sequence);
        if (pending >= 0)
        {
            return OpCodec.Decode(_facts[pending].Bytes);
        }

        var stored = Journal.ReadFacts(Producer, sequence, 1, int.MaxValue);
        return stored.Count == 1 && stored[0].Sequence == sequence ? OpCodec.Decode(stored[0].Bytes) : null;
    }

    /// <summary>The durable ops of this life behind a place in its log, oldest first.</summary>
    public IEnumerable<Op> ReadOpsAfter(long sequence)
    {
        for (var next = sequence + 1; Journal.ReadFacts(Producer, next, PageOps, PageBytes) is { Count: > 0 } page; next = page[^1].Sequence + 1)
        {
            foreach (var fact in page)
            {
                yield return OpCodec.Decode(fact.Bytes);
            }
        }
    }

    /// <summary>The newest ops, newest first, those of the batch at hand included.</summary>
    public IEnumerable<Op> ReadNewestOps(int limit) =>
        Enumerable.Reverse(_facts).Select(fact => OpCodec.Decode(fact.Bytes))
            .Concat(Journal.ReadNewestFacts(Producer, limit).Select(fact => OpCodec.Decode(fact.Bytes)))
            .Take(limit);

    public JournalBatch Collect(bool withLazy)
    {
        var batch = new JournalBatch();
        if (_changed.Count + _facts.Count == 0 && !withLazy)
        {
            return batch;
        }

        batch.Facts.AddRange(_facts);
        batch.Documents.AddRange(_changed.Values);
        foreach (var (name, write) in _lazy)
        {
            if (!_changed.ContainsKey(name))
            {
                batch.Documents.Add(write);
            }
        }

        return batch;
    }

    /// <summary>What was collected is durable.</summary>
    public void Committed(JournalBatch batch)
    {
        if (!batch.IsEmpty)
        {
            Keep(_lazy);
            _lazy.Clear();
        }

        Keep(_changed);
        _changed.Clear();
        _facts.Clear();
        _durableHash = TipHash;
    }

    private void Keep(OrderedDictionary<DocumentName, DocumentWrite> written)
    {
        foreach (var (name, change) in written)
        {
            if (_kept.ContainsKey(name))
            {
                _kept[name] = change.Value;
            }
        }
    }
}
