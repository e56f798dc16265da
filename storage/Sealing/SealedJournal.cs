using System.Runtime.InteropServices;

namespace SyncHub.Storage.Sealing;

/// <summary>A journal whose payloads are sealed in the journal beneath: whoever has its files or its server, and not the keys, reads none of it.</summary>
/// <remarks>
/// Sealed: payloads of records, snapshots and facts, values of documents, and the keys of those collections where they are personal.
/// In the clear: numbers, hashes, names of accounts and balances, so that they can be queried. Threads, crashes and faults as the journal beneath.
/// </remarks>
public sealed class SealedJournal : IJournal
{
    // Documents of a few hundred bytes; a hub's stores that are busy at once.
    private const int MostWritten = 4096;

    private readonly IJournal _inner;
    private readonly Sealer _sealer;
    private readonly DocumentSeal _documents;
    private readonly Lock _gate = new();

    // Documents on their way to the disk: a fence compares what was given, but beneath only what was sealed can be compared.
    private readonly Dictionary<DocumentName, (byte[]? Given, byte[]? Stored, int Writes, bool AreWritten)> _underWay = [];
    private readonly Queue<(Task Commit, List<DocumentWrite> Writes)> _commits = new(); // theirs

    // Fenced documents as this journal last wrote them: whoever fences a document writes it again, and reading it back before each commit would be a round trip to the
    // database for each. The fence beneath still compares with what is there; who is wrong here is refused there. Nothing is kept of what was deleted or did not get there.
    private readonly Dictionary<DocumentName, (byte[] Given, byte[] Stored)> _written = [];

    private SealedJournal(IJournal inner, Sealer sealer, DocumentSeal documents)
    {
        _inner = inner;
        _sealer = sealer;
        _documents = documents;
    }

    /// <inheritdoc/>
    public long LastPosition => _inner.LastPosition;

    /// <summary>Seals an empty journal, or opens one that was sealed with this ring.</summary>
    /// <param name="inner">The journal beneath; it is owned from here on, and disposed where this fails.</param>
    /// <param name="ring">The keys.</param>
    /// <param name="hiddenKeys">Collections whose document keys are personal.</param>
    /// <exception cref="JournalUnavailableException">The journal has unsealed content, or was sealed with other hidden collections.</exception>
    public static async Task<SealedJournal> OpenAsync(IJournal inner, KeyRing ring, IReadOnlySet<string> hiddenKeys)
    {
        ArgumentNullException.ThrowIfNull(inner);
        try
        {
            if (inner.ReadDocument(SealMark.Collection, SealMark.Key) is null)
            {
                await MarkAsync(inner, SealMark.Encode(hiddenKeys)).ConfigureAwait(false);
            }

            return Reopen(inner, ring, hiddenKeys);
        }
        catch
        {
            await inner.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Opens a journal that was sealed with this ring.</summary>
    /// <exception cref="JournalUnavailableException">It was not, or with other hidden collections.</exception>
    public static SealedJournal Reopen(IJournal inner, KeyRing ring, IReadOnlySet<string> hiddenKeys)
    {
        ArgumentNullException.ThrowIfNull(inner);
        if (inner.ReadDocument(SealMark.Collection, SealMark.Key) is not { } mark || !SealMark.Decode(mark).SetEquals(hiddenKeys))
        {
            throw new JournalUnavailableException(JournalFault.TooNew, "The database was sealed by another version of this program, or not at all. Run that version.");
        }

        var sealer = new Sealer(ring);
        return new SealedJournal(inner, sealer, new DocumentSeal(sealer, hiddenKeys));
    }

    /// <inheritdoc/>
    public Task<long> CommitAsync(JournalBatch batch) => CommitAsync(batch, _inner.CommitAsync);

    /// <inheritdoc/>
    public Task<long> CommitHereAsync(JournalBatch batch) => CommitAsync(batch, _inner.CommitHereAsync);

    /// <inheritdoc/>
    public void Prepare(JournalBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        SealRows(batch);
        _inner.Prepare(batch);
    }

    private Task<long> CommitAsync(JournalBatch batch, Func<JournalBatch, Task<long>> beneath)
    {
        BatchRules.ThrowIfBroken(batch);
        var stored = new JournalBatch(batch.Records.Count) { Chain = batch.Chain };
        stored.Records.AddRange(batch.Records);
        stored.Facts.AddRange(batch.Facts);
        stored.Snapshots.AddRange(batch.Snapshots);
        SealRows(stored);
        stored.Cursors.AddRange(batch.Cursors);
        stored.Balances.AddRange(batch.Balances);
        if (batch.Documents.Count == 0)
        {
            return beneath(stored);
        }

        foreach (var write in batch.Documents)
        {
            var key = _documents.KeyOf(write.Collection, write.Key);
            stored.Documents.Add(write with { Key = key, Value = write.Value is { } value ? _documents.Seal(write.Collection, write.Key, key, value) : null });
        }

        return CommitDocuments(batch, stored, beneath);
    }

    // Those that are not sealed yet.
    private void SealRows(JournalBatch batch)
    {
        foreach (ref var record in CollectionsMarshal.AsSpan(batch.Records))
        {
            if (!record.IsPrepared)
            {
                record = record with { Payload = _sealer.Seal(record.Payload.Span, Place.OfRecord(record.Stream, record.Version)), IsPrepared = true };
            }
        }

        foreach (ref var fact in CollectionsMarshal.AsSpan(batch.Facts))
        {
            if (!fact.IsPrepared)
            {
                fact = fact with { Bytes = _sealer.Seal(fact.Bytes.Span, Place.OfFact(fact.Producer, fact.Sequence)), IsPrepared = true };
            }
        }

        foreach (ref var snapshot in CollectionsMarshal.AsSpan(batch.Snapshots))
        {
            if (!snapshot.IsPrepared)
            {
                snapshot = snapshot with { Payload = _sealer.Seal(snapshot.Payload.Span, Place.OfSnapshot(snapshot.Stream, snapshot.Version)), IsPrepared = true };
            }
        }
    }

    /// <inheritdoc/>
    public StoredStream ReadStream(StreamId stream)
    {
        var found = _inner.ReadStream(stream);
        return new StoredStream(
            found.SnapshotVersion,
            found.Snapshot is { } snapshot ? _sealer.Open(snapshot, Place.OfSnapshot(stream, found.SnapshotVersion)) : null,
            [.. found.Tail.Select(Open)]);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit) => [.. _inner.ReadRecords(stream, fromVersion, limit).Select(Open)];

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit) => [.. _inner.ReadFeed(position, limit).Select(Open)];

    /// <inheritdoc/>
    public IReadOnlyList<StreamChange> ReadChanges(long position, int limit) => _inner.ReadChanges(position, limit);

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes)
    {
        var found = _inner.ReadFacts(producer, fromSequence, limit, (int)Math.Min(int.MaxValue, maxBytes + ((long)limit * Sealer.Overhead)));
        var facts = new List<StoredFact>(found.Count);
        var bytes = 0L;
        foreach (var fact in found)
        {
            bytes += fact.Bytes.Length - Sealer.Overhead;
            if (facts.Count > 0 && bytes > maxBytes)
            {
                break;
            }

            facts.Add(Open(fact));
        }

        return facts;
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit) => [.. _inner.ReadNewestFacts(producer, limit).Select(Open)];

    /// <inheritdoc/>
    public StoredCursor? ReadCursor(string name, ProducerId producer) => _inner.ReadCursor(name, producer);

    /// <inheritdoc/>
    public byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key)
    {
        var storedKey = _documents.KeyOf(collection, key);
        return _inner.ReadDocument(collection, storedKey) is { } found ? _documents.Open(collection, storedKey, found).Value : null;
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">A prefix of keys that are hidden.</exception>
    public IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit)
    {
        if (!_documents.HidesKeys(collection))
        {
            return [.. _inner.ReadDocuments(collection, keyPrefix, afterKey, limit).Select(found => _documents.Open(collection, found.Key, found.Value))];
        }

        if (keyPrefix.Length > 0)
        {
            throw new NotSupportedException($"The keys of {collection} are hidden: they cannot be searched by how they begin.");
        }

        var after = afterKey.Length == 0 ? [] : _documents.KeyOf(collection, afterKey);
        return [.. _inner.ReadDocuments(collection, [], after, limit).Select(found => _documents.Open(collection, found.Key, found.Value))];
    }

    /// <inheritdoc/>
    public long CountDocuments(string collection) => _inner.CountDocuments(collection);

    /// <inheritdoc/>
    public IReadOnlyList<StoredBalance> ReadBalances() => _inner.ReadBalances();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private static async Task MarkAsync(IJournal inner, byte[] mark)
    {
        if (inner.LastPosition > 0 || inner.CountDocuments("meta") > 0)
        {
            throw new JournalUnavailableException(JournalFault.TooNew, "The database was made by a version that did not seal its content. Start with an empty folder and bring the old one in as a store's log, or run that version.");
        }

        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite(SealMark.Collection, SealMark.Key, mark));
        await inner.CommitAsync(batch).ConfigureAwait(false);
    }

    private Task<long> CommitDocuments(JournalBatch given, JournalBatch stored, Func<JournalBatch, Task<long>> beneath)
    {
        lock (_gate)
        {
            ForgetEnded();
            for (var i = 0; i < given.Documents.Count; i++)
            {
                var write = given.Documents[i];
                var name = DocumentName.Of(stored.Documents[i]);
                if (write.Expected is { } expected)
                {
                    stored.Documents[i] = stored.Documents[i] with { Expected = Beneath(name, expected.Span) };
                }

                if (!write.OnlyIfAbsent)
                {
                    var isFirst = !_underWay.TryGetValue(name, out var before);
                    _underWay[name] = (write.Value, stored.Documents[i].Value, before.Writes + 1, isFirst || before.AreWritten);
                }
            }

            var commit = beneath(stored); // queued under the lock, so that the order of fences is the order of commits
            _commits.Enqueue((commit, stored.Documents));
            return commit;
        }
    }

    // When the next one comes, and not by whoever is told of the end: a thread more would have to wake up before the one that waits for it.
    private void ForgetEnded()
    {
        while (_commits.TryPeek(out var ended) && ended.Commit.IsCompleted)
        {
            Forget(_commits.Dequeue().Writes, ended.Commit.IsCompletedSuccessfully);
        }
    }

    private void Forget(List<DocumentWrite> writes, bool areWritten)
    {
        foreach (var write in writes)
        {
            var name = DocumentName.Of(write);
            if (!write.OnlyIfAbsent && _underWay.TryGetValue(name, out var known))
            {
                known = known with { Writes = known.Writes - 1, AreWritten = known.AreWritten && areWritten };
                if (known.Writes > 0)
                {
                    _underWay[name] = known;
                    continue;
                }

                _underWay.Remove(name);
                Keep(name, write.Expected is not null && known is { AreWritten: true, Given: { } given, Stored: { } stored } ? (given, stored) : null);
            }
        }
    }

    private void Keep(DocumentName name, (byte[] Given, byte[] Stored)? written)
    {
        if (written is not { } kept)
        {
            _written.Remove(name);
            return;
        }

        if (_written.Count >= MostWritten && !_written.ContainsKey(name))
        {
            _written.Clear();
        }

        _written[name] = kept;
    }

    // The stored bytes behind what the writer last saw; something that is never stored where it is not that any more, so that the batch conflicts beneath.
    private ReadOnlyMemory<byte> Beneath(DocumentName name, ReadOnlySpan<byte> expected)
    {
        var (given, there) = _underWay.TryGetValue(name, out var newest) ? (newest.Given, newest.Stored) : _written.TryGetValue(name, out var written) ? (written.Given, written.Stored) : Read(name.Collection, name.Key);
        return expected.SequenceEqual(given) ? there ?? [] : new byte[] { 0 };
    }

    private (byte[]? Given, byte[]? Stored) Read(string collection, byte[] storedKey)
    {
        var stored = _inner.ReadDocument(collection, storedKey);
        return (stored is null ? null : _documents.Open(collection, storedKey, stored).Value, stored);
    }

    private StoredRecord Open(StoredRecord record) => record with
    {
        Payload = _sealer.Open(record.Payload, Place.OfRecord(record.Stream, record.Version)),
        FactBytes = record is { FactBytes: { } bytes, Fact: { } fact } ? _sealer.Open(bytes, Place.OfFact(fact.Producer, fact.Sequence)) : record.FactBytes,
    };

    private StoredFact Open(StoredFact fact) => fact with { Bytes = _sealer.Open(fact.Bytes, Place.OfFact(fact.Producer, fact.Sequence)) };
}
