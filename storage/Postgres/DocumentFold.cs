namespace SyncHub.Storage.Postgres;

/// <summary>What many writes of the same documents, in order, come to: at most one write per document.</summary>
/// <remarks>
/// Not every sequence can be told without asking the database; <see cref="TryAdd"/> then says so, and the group is written row by row.
/// Not thread-safe.
/// </remarks>
internal sealed class DocumentFold
{
    private readonly Dictionary<Key, int> _places = [];

    /// <summary>The writes, one per document; the order among them does not matter.</summary>
    public List<DocumentWrite> Writes { get; } = [];

    /// <summary>Adds a write; false where what is there before it would have to be known, or its fence does not fit what was written before it.</summary>
    public bool TryAdd(DocumentWrite write)
    {
        var key = new Key(write.Collection, write.Key);
        if (!_places.TryGetValue(key, out var place))
        {
            if (write is { OnlyIfAbsent: true, Value: null } or { OnlyIfAbsent: true, Expected: not null })
            {
                return false; // writes nothing, or asks twice what is there: rare, and clearer row by row
            }
            _places.Add(key, Writes.Count);
            Writes.Add(write);
            return true;
        }

        var before = Writes[place];
        if (before.OnlyIfAbsent)
        {
            // Whether it was written is not known here, only that something is there now.
            if (write.Expected is not null || write is { OnlyIfAbsent: false, Value: null })
            {
                return false;
            }
            Writes[place] = write.OnlyIfAbsent ? before : write;
            return true;
        }
        if (write.Expected is { } expected && !(before.Value ?? []).AsSpan().SequenceEqual(expected.Span))
        {
            return false;
        }
        var keeps = write.OnlyIfAbsent && (before.Value is not null || write.Value is null);
        Writes[place] = keeps ? before : before with { Value = write.Value };
        return true;
    }

    private readonly record struct Key(string Collection, byte[] Bytes)
    {
        public bool Equals(Key other) => string.Equals(Collection, other.Collection, StringComparison.Ordinal) && Bytes.AsSpan().SequenceEqual(other.Bytes);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.Add(Collection, StringComparer.Ordinal);
            hash.AddBytes(Bytes);
            return hash.ToHashCode();
        }
    }
}
