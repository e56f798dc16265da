using SyncHub.Storage;

namespace SyncHub.Testing;

/// <summary>The documents of one collection, in key order.</summary>
/// <remarks>A sorted array: scans are the common case, and simulated collections are small.</remarks>
internal sealed class SimulatedCollection
{
    private readonly List<StoredDocument> _documents = [];

    public long Count => _documents.Count;

    public SimulatedCollection Copy()
    {
        var copy = new SimulatedCollection();
        copy._documents.AddRange(_documents);
        return copy;
    }

    public byte[]? Find(ReadOnlySpan<byte> key)
    {
        var at = FirstAtOrAfter(key);
        return IsAt(at, key) ? _documents[at].Value : null;
    }

    public void Write(DocumentWrite write)
    {
        var at = FirstAtOrAfter(write.Key);
        var isThere = IsAt(at, write.Key);
        if (write.Value is null)
        {
            if (isThere && !write.OnlyIfAbsent)
            {
                _documents.RemoveAt(at);
            }
            return;
        }
        var document = new StoredDocument([.. write.Key], [.. write.Value]);
        if (!isThere)
        {
            _documents.Insert(at, document);
        }
        else if (!write.OnlyIfAbsent)
        {
            _documents[at] = document;
        }
    }

    public IReadOnlyList<StoredDocument> Scan(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> after, int limit)
    {
        var found = new List<StoredDocument>();
        var at = FirstAtOrAfter(after.SequenceCompareTo(prefix) > 0 ? after : prefix);
        for (; at < _documents.Count && found.Count < limit && _documents[at].Key.AsSpan().StartsWith(prefix); at++)
        {
            if (after.IsEmpty || _documents[at].Key.AsSpan().SequenceCompareTo(after) > 0)
            {
                found.Add(_documents[at]);
            }
        }
        return found;
    }

    private bool IsAt(int at, ReadOnlySpan<byte> key) => at < _documents.Count && _documents[at].Key.AsSpan().SequenceEqual(key);

    private int FirstAtOrAfter(ReadOnlySpan<byte> key)
    {
        var (low, high) = (0, _documents.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _documents[middle].Key.AsSpan().SequenceCompareTo(key) < 0 ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
