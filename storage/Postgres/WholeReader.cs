using SyncHub.Storage.Retention;

namespace SyncHub.Storage.Postgres;

/// <summary>The journal as a whole: what is in the database, and the parts of it that have left.</summary>
/// <remarks>
/// Thread rule: any thread. A part can be read from its file before it leaves the database, so each read asks the database first and the files for what
/// was not there; what is in both counts once. While no part has left a read costs what it cost without this.
/// </remarks>
internal sealed class WholeReader(PostgresReader here, PartFiles gone)
{
    public StoredStream Stream(StreamId stream)
    {
        var found = here.Stream(stream);
        var next = found.SnapshotVersion + 1;
        if (gone.Last == 0 || IsAllHere(stream, found.Tail, next))
        {
            return found with { Tail = WithFacts(found.Tail) };
        }
        return found with { Tail = WithFacts([.. gone.Records(stream, next, FirstOf(found.Tail), int.MaxValue), .. found.Tail]) };
    }

    public IReadOnlyList<StoredRecord> Records(StreamId stream, long fromVersion, int limit)
    {
        var found = here.Records(stream, fromVersion, limit);
        if (gone.Last == 0 || limit == 0 || IsAllHere(stream, found, fromVersion))
        {
            return WithFacts(found);
        }
        return WithFacts([.. gone.Records(stream, fromVersion, FirstOf(found), limit).Concat(found).Take(limit)]);
    }

    public IReadOnlyList<StoredRecord> Feed(long position, int limit)
    {
        var found = here.Feed(position, limit); // positions have no gaps: the first that is here tells whether any have left
        if (position >= gone.Last || (found.Count > 0 && found[0].Position == position + 1))
        {
            return WithFacts(found);
        }
        var left = gone.Feed(position, limit);
        return WithFacts(left.Count == limit ? left : [.. left, .. here.Feed(Math.Max(position, gone.Last), limit - left.Count)]);
    }

    public IReadOnlyList<StreamChange> Changes(long position, int limit)
    {
        var found = here.Changes(position, limit);
        if (position >= gone.Last)
        {
            return found;
        }
        var (changes, last) = (new List<StreamChange>(), gone.Last);
        while (position < last && changes.Count < limit)
        {
            var (page, lookedTo) = gone.Changes(position, limit - changes.Count);
            var changedSince = here.ChangedSince(last, [.. page.Select(change => change.Stream)]);
            changes.AddRange(page.Where(change => !changedSince.Contains(change.Stream)));
            position = lookedTo;
        }
        if (changes.Count < limit)
        {
            var named = changes.Select(change => change.Stream).ToHashSet(); // changed again meanwhile: it is named already
            changes.AddRange(here.Changes(Math.Max(position, last), limit - changes.Count).Where(change => !named.Contains(change.Stream)));
        }
        return changes;
    }

    public IReadOnlyList<StoredFact> Facts(ProducerId producer, long fromSequence, int limit, int maxBytes)
    {
        var found = here.Facts(producer, fromSequence, limit, maxBytes);
        // A run without a gap from where it was asked for: there is nothing in between.
        if (gone.Last == 0 || limit == 0 || (found.Count > 0 && found[0].Sequence == fromSequence && found[^1].Sequence - fromSequence == found.Count - 1))
        {
            return found;
        }
        var left = gone.Facts(producer, fromSequence, limit, maxBytes);
        if (left.Count == 0 || found.Count == 0)
        {
            return left.Count == 0 ? found : Page(left, limit, maxBytes);
        }
        // Either may go on behind its last one: nothing beyond the nearer end is known to be next.
        var until = Math.Min(left[^1].Sequence, found[^1].Sequence);
        return Page(left.Concat(found).Where(fact => fact.Sequence <= until).OrderBy(fact => fact.Sequence).DistinctBy(fact => fact.Sequence), limit, maxBytes);
    }

    public IReadOnlyList<StoredFact> NewestFacts(ProducerId producer, int limit)
    {
        var found = here.NewestFacts(producer, limit);
        if (gone.Last == 0 || limit == 0)
        {
            return found;
        }
        var left = gone.NewestFacts(producer, limit);
        return left.Count == 0 || (found.Count == limit && found[^1].Sequence >= left[0].Sequence) ? found
            : [.. found.Concat(left).OrderByDescending(fact => fact.Sequence).DistinctBy(fact => fact.Sequence).Take(limit)];
    }

    private static long FirstOf(IReadOnlyList<StoredRecord> found) => found.Count > 0 ? found[0].Version : long.MaxValue;

    private bool IsAllHere(StreamId stream, IReadOnlyList<StoredRecord> found, long fromVersion) =>
        found.Count > 0 ? found[0].Version == fromVersion : here.VersionLeft(stream) < fromVersion;

    // A record whose fact was parked for long lies in another part than its fact.
    private IReadOnlyList<StoredRecord> WithFacts(IReadOnlyList<StoredRecord> records)
    {
        if (gone.Last == 0 || !records.Any(IsWithoutFact))
        {
            return records;
        }
        return [.. records.Select(record => IsWithoutFact(record) ? record with { FactBytes = FactBytes(record.Fact!.Value) } : record)];
    }

    private static bool IsWithoutFact(StoredRecord record) => record is { Fact: not null, FactBytes: null };

    private byte[]? FactBytes(FactKey key) =>
        gone.Fact(key)?.Bytes ?? (here.Facts(key.Producer, key.Sequence, 1, int.MaxValue) is [var fact] && fact.Sequence == key.Sequence ? fact.Bytes : null);

    private static List<StoredFact> Page(IEnumerable<StoredFact> facts, int limit, int maxBytes)
    {
        var page = new List<StoredFact>();
        long bytes = 0;
        foreach (var fact in facts)
        {
            bytes += fact.Bytes.Length;
            if (page.Count == limit || (page.Count > 0 && bytes > maxBytes))
            {
                break;
            }
            page.Add(fact);
        }
        return page;
    }
}
