namespace SyncHub.Storage.Retention;

/// <summary>All parts of a journal that have left, oldest first, as one.</summary>
/// <remarks>Thread-safe: readers see the parts that were there when they asked.</remarks>
internal sealed class PartFiles(string folder) : IDisposable
{
    private volatile PartFile[] _files = [];

    /// <summary>The last position that has left; 0 where nothing has.</summary>
    public long Last => _files is [.., var newest] ? newest.Part.Last : 0;

    /// <summary>Reads a part from its file from now on. The rows may still be in the database too.</summary>
    /// <exception cref="JournalUnavailableException">The file is not there, or is not that part.</exception>
    public void Add(JournalPart part)
    {
        if (part.First != Last + 1)
        {
            throw new InvalidOperationException($"Part {part.Number} begins at {part.First}, but the ones before it end at {Last}.");
        }
        _files = [.. _files, new PartFile(folder, part)];
    }

    /// <summary>Records of a stream from a version on that are older than <paramref name="before"/>, oldest first.</summary>
    public List<StoredRecord> Records(StreamId stream, long fromVersion, long before, int limit)
    {
        var found = new List<StoredRecord>();
        foreach (var file in _files)
        {
            var next = found.Count > 0 ? found[^1].Version + 1 : fromVersion;
            if (next >= before || found.Count >= limit)
            {
                break;
            }
            found.AddRange(file.Read(reader => reader.Records(stream, next, limit - found.Count)).TakeWhile(record => record.Version < before));
        }
        return found;
    }

    /// <summary>Records after a position, as far as they have left.</summary>
    public List<StoredRecord> Feed(long position, int limit)
    {
        var found = new List<StoredRecord>();
        foreach (var file in _files.Where(file => file.Part.Last > position))
        {
            if (found.Count >= limit)
            {
                break;
            }
            found.AddRange(file.Read(reader => reader.Feed(position, limit - found.Count)));
        }
        return found;
    }

    /// <summary>Streams whose newest record among the parts that have left comes after a position, oldest first; a page of one part, and how far it looked.</summary>
    public (IReadOnlyList<StreamChange> Changes, long LookedTo) Changes(long position, int limit)
    {
        var files = _files;
        var index = Array.FindIndex(files, file => file.Part.Last > position);
        if (index < 0)
        {
            return ([], position);
        }
        var page = files[index].Read(reader => reader.Changes(position, limit));
        var newer = files[(index + 1)..];
        return ([.. page.Where(change => !newer.Any(file => file.Read(reader => reader.Has(change.Stream))))], page.Count < limit ? files[index].Part.Last : page[^1].Position);
    }

    /// <summary>Facts of a producer from a sequence on, in sequence.</summary>
    public List<StoredFact> Facts(ProducerId producer, long fromSequence, int limit, int maxBytes)
    {
        // Nearly in order of the parts, and not quite: a fact that was brought ahead of others lies before them.
        var found = new List<StoredFact>();
        var until = long.MaxValue;
        foreach (var file in _files.Where(file => file.RangeOf(producer) is { } range && range.High >= fromSequence))
        {
            var page = file.Read(reader => reader.Facts(producer, fromSequence, limit, maxBytes));
            found.AddRange(page);
            if (page.Count > 0 && page[^1].Sequence < file.RangeOf(producer)!.Value.High)
            {
                until = Math.Min(until, page[^1].Sequence); // there is more of it behind this page
            }
        }
        return [.. found.Where(fact => fact.Sequence <= until).OrderBy(fact => fact.Sequence)];
    }

    /// <summary>The newest facts of a producer that have left, newest first.</summary>
    public List<StoredFact> NewestFacts(ProducerId producer, int limit) =>
        [.. _files.Where(file => file.RangeOf(producer) is not null).SelectMany(file => file.Read(reader => reader.NewestFacts(producer, limit))).OrderByDescending(fact => fact.Sequence).Take(limit)];

    /// <summary>One fact, wherever it lies; null where it has not left.</summary>
    public StoredFact? Fact(FactKey key)
    {
        foreach (var file in _files.Where(file => file.RangeOf(key.Producer) is { } range && range.Low <= key.Sequence && key.Sequence <= range.High))
        {
            if (file.Read(reader => reader.Facts(key.Producer, key.Sequence, 1, int.MaxValue)) is [var fact] && fact.Sequence == key.Sequence)
            {
                return fact;
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }
}
