namespace SyncHub.Storage;

/// <summary>A document's name as a key of a dictionary: collection and key compare by content.</summary>
/// <param name="Collection">The collection.</param>
/// <param name="Key">The key within it; nobody may change it while it stands in a dictionary.</param>
public readonly record struct DocumentName(string Collection, byte[] Key)
{
    /// <summary>The name of what <paramref name="write"/> writes.</summary>
    public static DocumentName Of(DocumentWrite write) => new(write.Collection, write.Key);

    /// <inheritdoc/>
    public bool Equals(DocumentName other) => Key.AsSpan().SequenceEqual(other.Key) && Collection == other.Collection;

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Key);
        hash.Add(Collection.Length); // keys alone tell nearly all apart; names of one length are compared where they do not
        return hash.ToHashCode();
    }
}
