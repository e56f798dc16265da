using SyncHub.Storage;

namespace SyncHub.Testing;

/// <summary>What is on a simulated disk. A batch is checked as a whole and then applied, so that it is there or not.</summary>
/// <remarks>Not thread-safe; its journal locks.</remarks>
internal sealed class SimulatedTables
{
    private readonly List<StoredRecord> _records = [];
    private readonly Dictionary<StreamId, List<StoredRecord>> _streams = [];
    private readonly Dictionary<StreamId, NewSnapshot> _snapshots = [];
    private readonly Dictionary<ProducerId, SortedList<long, StoredFact>> _facts = [];
    private readonly Dictionary<(string Name, ProducerId Producer), StoredCursor> _cursors = [];
    private readonly Dictionary<string, SimulatedCollection> _documents = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Account, string Asset, int Partition), long> _balances = [];

    // Records are never deleted and a refused batch leaves none, so positions are 1, 2, 3 and so on.
    public long LastPosition => _records.Count;

    public SimulatedTables Copy()
    {
        var copy = new SimulatedTables();
        copy._records.AddRange(_records);
        foreach (var (stream, records) in _streams)
        {
            copy._streams.Add(stream, [.. records]);
        }
        foreach (var (stream, snapshot) in _snapshots)
        {
            copy._snapshots.Add(stream, snapshot);
        }
        foreach (var (producer, facts) in _facts)
        {
            copy._facts.Add(producer, new SortedList<long, StoredFact>(facts));
        }
        foreach (var (key, cursor) in _cursors)
        {
            copy._cursors.Add(key, cursor);
        }
        foreach (var (name, collection) in _documents)
        {
            copy._documents.Add(name, collection.Copy());
        }
        foreach (var (key, amount) in _balances)
        {
            copy._balances.Add(key, amount);
        }
        return copy;
    }

    public bool HasFact(byte[] hash) => _facts.Values.Any(facts => facts.Values.Any(fact => fact.Hash.AsSpan().SequenceEqual(hash)));

    /// <summary>Writes the batch, or changes nothing and says why not.</summary>
    public Exception? Apply(JournalBatch batch)
    {
        if (Refusal(batch) is { } refusal)
        {
            return refusal;
        }
        foreach (var fact in batch.Facts)
        {
            FactsOf(fact.Producer)[fact.Sequence] = new StoredFact(fact.Producer, fact.Sequence, fact.Hash.ToArray(), fact.Bytes.ToArray());
        }
        foreach (var record in batch.Records)
        {
            Append(record);
        }
        foreach (var snapshot in batch.Snapshots)
        {
            if (!_snapshots.TryGetValue(snapshot.Stream, out var older) || snapshot.Version > older.Version)
            {
                _snapshots[snapshot.Stream] = snapshot with { Payload = snapshot.Payload.ToArray() };
            }
        }
        foreach (var move in batch.Cursors)
        {
            if (!_cursors.TryGetValue((move.Name, move.Producer), out var place) || move.Sequence > place.Sequence)
            {
                _cursors[(move.Name, move.Producer)] = new StoredCursor(move.Sequence, move.Hash.ToArray());
            }
        }
        foreach (var write in batch.Documents)
        {
            Collection(write.Collection).Write(write);
        }
        foreach (var change in batch.Balances)
        {
            var key = (change.Account, change.Asset, change.Partition);
            _balances[key] = _balances.GetValueOrDefault(key) + change.DeltaMinor;
        }
        return null;
    }

    public JournalBatch ToBatch()
    {
        var batch = new JournalBatch();
        batch.Facts.AddRange(_facts.Values.SelectMany(facts => facts.Values).Select(fact => new NewFact(fact.Producer, fact.Sequence, fact.Hash, fact.Bytes)));
        batch.Records.AddRange(_records.Select(record => new NewRecord(record.Partition, record.Stream, record.Version, record.Payload, record.Fact)));
        batch.Snapshots.AddRange(_snapshots.Values);
        batch.Cursors.AddRange(_cursors.Select(cursor => new CursorMove(cursor.Key.Name, cursor.Key.Producer, cursor.Value.Sequence, cursor.Value.Hash)));
        batch.Documents.AddRange(_documents.SelectMany(collection => collection.Value.Scan([], [], int.MaxValue).Select(document => new DocumentWrite(collection.Key, document.Key, document.Value))));
        batch.Balances.AddRange(_balances.Select(balance => new BalanceChange(balance.Key.Partition, balance.Key.Account, balance.Key.Asset, balance.Value)));
        return batch;
    }

    public StoredStream ReadStream(StreamId stream) =>
        _snapshots.TryGetValue(stream, out var snapshot)
            ? new StoredStream(snapshot.Version, snapshot.Payload.ToArray(), ReadRecords(stream, snapshot.Version + 1, int.MaxValue))
            : new StoredStream(0, null, ReadRecords(stream, 1, int.MaxValue));

    public long VersionAt(StreamId stream, long position) => _streams.TryGetValue(stream, out var records) ? records.TakeWhile(record => record.Position <= position).Count() : 0;

    public long HeadOf(StreamId stream) => _streams.TryGetValue(stream, out var records) ? records.Count : 0;

    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit)
    {
        if (!_streams.TryGetValue(stream, out var records))
        {
            return [];
        }
        var from = (int)Math.Clamp(fromVersion - 1, 0, records.Count);
        return WithFacts(records, from, limit);
    }

    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit)
    {
        var from = (int)Math.Clamp(position, 0, _records.Count);
        return WithFacts(_records, from, limit);
    }

    private List<StoredRecord> WithFacts(List<StoredRecord> records, int from, int limit)
    {
        var count = Math.Min(limit, records.Count - from);
        var found = new List<StoredRecord>(count);
        for (var at = from; at < from + count; at++)
        {
            var record = records[at];
            found.Add(record.Fact is { } fact ? record with { FactBytes = FactBytes(fact) } : record);
        }
        return found;
    }

    public IReadOnlyList<StreamChange> ReadChanges(long position, int limit)
    {
        var changes = new List<StreamChange>();
        for (var at = (int)Math.Clamp(position, 0, _records.Count); at < _records.Count && changes.Count < limit; at++)
        {
            var record = _records[at];
            if (record.Version == _streams[record.Stream].Count)
            {
                changes.Add(new StreamChange(record.Stream, record.Partition, record.Position));
            }
        }
        return changes;
    }

    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes)
    {
        var found = new List<StoredFact>();
        if (!_facts.TryGetValue(producer, out var facts))
        {
            return found;
        }
        long bytes = 0;
        for (var at = FirstAtOrAfter(facts.Keys, fromSequence); at < facts.Count && found.Count < limit; at++)
        {
            var fact = facts.GetValueAtIndex(at);
            bytes += fact.Bytes.Length;
            if (found.Count > 0 && bytes > maxBytes)
            {
                break;
            }
            found.Add(fact);
        }
        return found;
    }

    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit)
    {
        var found = new List<StoredFact>();
        if (_facts.TryGetValue(producer, out var facts))
        {
            for (var at = facts.Count - 1; at >= 0 && found.Count < limit; at--)
            {
                found.Add(facts.GetValueAtIndex(at));
            }
        }
        return found;
    }

    public StoredCursor? ReadCursor(string name, ProducerId producer) =>
        _cursors.TryGetValue((name, producer), out var cursor) ? cursor : null;

    public IReadOnlyList<StoredBalance> ReadBalances()
    {
        var totals = new Dictionary<(string Account, string Asset), long>();
        foreach (var (key, amount) in _balances)
        {
            totals[(key.Account, key.Asset)] = checked(totals.GetValueOrDefault((key.Account, key.Asset)) + amount);
        }
        return [.. totals.Select(total => new StoredBalance(total.Key.Account, total.Key.Asset, total.Value))
            .OrderBy(total => total.Account, StringComparer.Ordinal).ThenBy(total => total.Asset, StringComparer.Ordinal)];
    }

    public SimulatedCollection Collection(string name)
    {
        if (!_documents.TryGetValue(name, out var collection))
        {
            collection = new SimulatedCollection();
            _documents.Add(name, collection);
        }
        return collection;
    }

    // In the order in which the SQLite journal writes, so that both refuse a batch for the same reason.
    private Exception? Refusal(JournalBatch batch)
    {
        if (!SimulatedJournal.HasFences)
        {
            return null;
        }

        var facts = batch.Facts.Count > 1 ? new HashSet<FactKey>() : null; // one fact is not there twice
        foreach (var fact in batch.Facts)
        {
            if (FactsOf(fact.Producer).ContainsKey(fact.Sequence) || facts?.Add(new FactKey(fact.Producer, fact.Sequence)) == false)
            {
                return new JournalConflictException($"Fact {fact.Sequence} of {fact.Producer} is in the journal already: read its producer's cursor again.");
            }
        }
        return (Exception?)RecordRefusal(batch) ?? (Exception?)CursorRefusal(batch.Cursors) ?? (Exception?)DocumentRefusal(batch.Documents) ?? BalanceRefusal(batch.Balances);
    }

    private JournalConflictException? DocumentRefusal(List<DocumentWrite> writes)
    {
        if (!writes.Exists(static write => write.Expected is not null))
        {
            return null;
        }
        var written = new Dictionary<(string, string), byte[]?>();
        foreach (var write in writes)
        {
            var key = (write.Collection, Convert.ToHexString(write.Key));
            var before = written.TryGetValue(key, out var value) ? value : Collection(write.Collection).Find(write.Key);
            if (write.Expected is { } expected && !expected.Span.SequenceEqual(before ?? []))
            {
                return BatchRules.DocumentConflict(write);
            }
            written[key] = write.OnlyIfAbsent ? before ?? write.Value : write.Value;
        }
        return null;
    }

    private JournalConflictException? RecordRefusal(JournalBatch batch)
    {
        if (batch.Records.Count + batch.Snapshots.Count == 0)
        {
            return null;
        }
        var heads = new Dictionary<StreamId, long>();
        long Head(StreamId stream) => heads.TryGetValue(stream, out var head) ? head : _streams.TryGetValue(stream, out var records) ? records.Count : 0;
        foreach (var record in batch.Records)
        {
            if (record.Version != Head(record.Stream) + 1)
            {
                return new JournalConflictException(
                    $"Version {record.Version} of stream {record.Stream.Value:x32} is not the next one: its newest is {Head(record.Stream)}. Read the stream again before deciding.");
            }
            heads[record.Stream] = record.Version;
        }
        foreach (var snapshot in batch.Snapshots)
        {
            if (snapshot.Version > Head(snapshot.Stream))
            {
                return new JournalConflictException(
                    $"A snapshot of stream {snapshot.Stream.Value:x32} at version {snapshot.Version} is ahead of its newest record {Head(snapshot.Stream)}. Append the records first, or in the same batch.");
            }
        }
        return null;
    }

    private JournalConflictException? CursorRefusal(List<CursorMove> moves)
    {
        if (moves.Count == 0)
        {
            return null;
        }
        var places = new Dictionary<(string, ProducerId), (long Sequence, ReadOnlyMemory<byte> Hash)>();
        foreach (var move in moves)
        {
            var key = (move.Name, move.Producer);
            if (!places.TryGetValue(key, out var place))
            {
                place = _cursors.TryGetValue(key, out var stored) ? (stored.Sequence, stored.Hash) : (long.MinValue, default);
            }
            if (move.Sequence == place.Sequence && !move.Hash.Span.SequenceEqual(place.Hash.Span))
            {
                return new JournalConflictException(
                    $"Cursor {move.Name} of {move.Producer} stands at sequence {move.Sequence} with another hash: that producer has two histories.");
            }
            places[key] = move.Sequence > place.Sequence ? (move.Sequence, move.Hash) : place;
        }
        return null;
    }

    private OverflowException? BalanceRefusal(List<BalanceChange> changes)
    {
        if (changes.Count == 0)
        {
            return null;
        }
        var amounts = new Dictionary<(string, string, int), Int128>();
        foreach (var change in changes)
        {
            var key = (change.Account, change.Asset, change.Partition);
            var amount = (amounts.TryGetValue(key, out var changed) ? changed : _balances.GetValueOrDefault(key)) + change.DeltaMinor;
            if (amount < long.MinValue || amount > long.MaxValue)
            {
                return new OverflowException($"The balance of account {change.Account} in {change.Asset} would no longer fit 64 bits.");
            }
            amounts[key] = amount;
        }
        return null;
    }

    private void Append(NewRecord record)
    {
        var stored = new StoredRecord(_records.Count + 1, record.Partition, record.Stream, record.Version, record.Payload.ToArray(), record.Fact, null);
        _records.Add(stored);
        if (!_streams.TryGetValue(record.Stream, out var records))
        {
            records = [];
            _streams.Add(record.Stream, records);
        }
        records.Add(stored);
    }

    private SortedList<long, StoredFact> FactsOf(ProducerId producer)
    {
        if (!_facts.TryGetValue(producer, out var facts))
        {
            facts = [];
            _facts.Add(producer, facts);
        }
        return facts;
    }

    private byte[]? FactBytes(FactKey fact) =>
        _facts.TryGetValue(fact.Producer, out var facts) && facts.TryGetValue(fact.Sequence, out var found) ? found.Bytes : null;

    private static int FirstAtOrAfter(IList<long> keys, long key)
    {
        var (low, high) = (0, keys.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = keys[middle] < key ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
