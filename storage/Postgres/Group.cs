namespace SyncHub.Storage.Postgres;

/// <summary>The batches of one commit, folded into columns for each table.</summary>
/// <remarks>
/// <see cref="TryFold"/> finds most conflicts within the group; those against the database are found by the statements of <see cref="GroupWriter"/>.
/// Either way nothing is decided here: a group that cannot be folded is written row by row, and only that tells which batch is to blame.
/// </remarks>
internal sealed class Group
{
    private readonly Dictionary<StreamId, (long First, long Last)> _streams = [];
    private readonly Dictionary<FactKey, int> _facts = [];
    private readonly Dictionary<(string Name, ProducerId Producer), CursorMove> _cursors = [];
    private readonly Dictionary<(string Account, string Asset, int Partition), long> _balances = [];
    private readonly Dictionary<StreamId, NewSnapshot> _snapshots = [];
    private readonly DocumentFold _documents = new();

    public List<NewFact> Facts { get; } = [];

    public List<NewRecord> Records { get; } = [];

    /// <summary>Each stream with the first version that is appended to it.</summary>
    public IEnumerable<(StreamId Stream, long First)> Heads => _streams.Select(stream => (stream.Key, stream.Value.First));

    /// <summary>Each stream with the last version that is appended to it.</summary>
    public IEnumerable<(StreamId Stream, long Last)> Tips => _streams.Select(stream => (stream.Key, stream.Value.Last));

    public int Streams => _streams.Count;

    public IReadOnlyCollection<NewSnapshot> Snapshots => _snapshots.Values;

    /// <summary>Snapshots of what the journal must hold already: no record of theirs came before them in the group.</summary>
    public List<NewSnapshot> Unbacked { get; } = [];

    public IReadOnlyCollection<CursorMove> Cursors => _cursors.Values;

    /// <summary>Every move as it was asked for: each must not stand where the cursor stands with another hash.</summary>
    public List<CursorMove> AllMoves { get; } = [];

    public List<DocumentWrite> Documents => _documents.Writes;

    public IReadOnlyDictionary<(string Account, string Asset, int Partition), long> Balances => _balances;

    /// <summary>The partitions that it writes to.</summary>
    public HashSet<int> Partitions { get; } = [];

    /// <summary>The journal's newest position when it is written, as far as is known.</summary>
    public long Position { get; set; }

    /// <summary>The lowest fact of each producer.</summary>
    public IEnumerable<FactKey> LowestFacts()
    {
        var lowest = new Dictionary<ProducerId, long>();
        foreach (var fact in Facts)
        {
            ref var low = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(lowest, fact.Producer, out var isThere);
            low = isThere ? Math.Min(low, fact.Sequence) : fact.Sequence;
        }
        return lowest.Select(producer => new FactKey(producer.Key, producer.Value));
    }

    /// <summary>For each fact the place of its record among <see cref="Records"/>, from 1; one beyond the last where it has none here: a part that this commit fills takes no fact any more.</summary>
    public long[] PlacesOfFacts()
    {
        var places = new long[Facts.Count];
        Array.Fill(places, Records.Count + 1L);
        for (var place = 0; place < Records.Count; place++)
        {
            if (Records[place].Fact is { } fact && _facts.TryGetValue(fact, out var row))
            {
                places[row] = place + 1;
            }
        }
        return places;
    }

    /// <summary>Folds the batches; null where only row by row will do.</summary>
    public static Group? TryFold(IReadOnlyList<PendingBatch> pending)
    {
        var group = new Group();
        foreach (var one in pending)
        {
            if (!group.TryAdd(one.Batch))
            {
                return null;
            }
        }
        return group;
    }

    private bool TryAdd(JournalBatch batch)
    {
        return batch.Facts.TrueForAll(TryAdd) && batch.Records.TrueForAll(TryAdd) && batch.Snapshots.TrueForAll(TryAdd) && batch.Cursors.TrueForAll(TryAdd)
            && batch.Documents.TrueForAll(_documents.TryAdd) && batch.Balances.TrueForAll(TryAdd);
    }

    private bool TryAdd(NewFact fact)
    {
        if (!_facts.TryAdd(new FactKey(fact.Producer, fact.Sequence), Facts.Count))
        {
            return false;
        }
        Facts.Add(fact);
        return true;
    }

    private bool TryAdd(NewRecord record)
    {
        if (_streams.TryGetValue(record.Stream, out var range))
        {
            if (record.Version != range.Last + 1)
            {
                return false;
            }
            _streams[record.Stream] = (range.First, record.Version);
        }
        else
        {
            _streams.Add(record.Stream, (record.Version, record.Version));
        }
        Partitions.Add(record.Partition);
        Records.Add(record);
        return true;
    }

    private bool TryAdd(NewSnapshot snapshot)
    {
        // Ahead of what was appended when it was handed over: a later batch of the group must not make up for it.
        if (!_streams.TryGetValue(snapshot.Stream, out var range))
        {
            Unbacked.Add(snapshot);
        }
        else if (snapshot.Version > range.Last)
        {
            return false;
        }
        if (!_snapshots.TryGetValue(snapshot.Stream, out var older) || snapshot.Version > older.Version)
        {
            _snapshots[snapshot.Stream] = snapshot;
        }
        return true;
    }

    private bool TryAdd(CursorMove move)
    {
        var key = (move.Name, move.Producer);
        if (_cursors.TryGetValue(key, out var before))
        {
            if (move.Sequence == before.Sequence && !move.Hash.Span.SequenceEqual(before.Hash.Span))
            {
                return false;
            }
            if (move.Sequence <= before.Sequence)
            {
                return true;
            }
        }
        AllMoves.Add(move);
        _cursors[key] = move;
        return true;
    }

    private bool TryAdd(BalanceChange change)
    {
        var key = (change.Account, change.Asset, change.Partition);
        var sum = (Int128)_balances.GetValueOrDefault(key) + change.DeltaMinor;
        if (sum < long.MinValue || sum > long.MaxValue)
        {
            return false;
        }
        _balances[key] = (long)sum;
        Partitions.Add(change.Partition);
        return true;
    }
}
