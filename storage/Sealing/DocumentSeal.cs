using System.Buffers.Binary;

namespace SyncHub.Storage.Sealing;

/// <summary>Documents, sealed and opened: in some collections the key too is personal, and a keyed hash stands in its place.</summary>
/// <param name="sealer">The keys.</param>
/// <param name="hiddenKeys">Collections whose keys are hidden. They are read one by one; their order is that of the hashes.</param>
internal sealed class DocumentSeal(Sealer sealer, IReadOnlySet<string> hiddenKeys)
{
    /// <summary>The key as it is stored.</summary>
    public byte[] KeyOf(string collection, ReadOnlySpan<byte> key) => hiddenKeys.Contains(collection) ? sealer.Lookup(collection, key) : key.ToArray();

    /// <summary>Whether the keys of a collection are hidden.</summary>
    public bool HidesKeys(string collection) => hiddenKeys.Contains(collection);

    /// <summary>The value as it is stored; a hidden key lies in it.</summary>
    public byte[] Seal(string collection, byte[] key, byte[] storedKey, byte[] value)
    {
        var plain = value;
        if (HidesKeys(collection))
        {
            plain = new byte[4 + key.Length + value.Length];
            BinaryPrimitives.WriteInt32BigEndian(plain, key.Length);
            key.CopyTo(plain, 4);
            value.CopyTo(plain, 4 + key.Length);
        }

        return sealer.Seal(plain, Place.OfDocument(collection, storedKey));
    }

    /// <summary>A stored document as it was given.</summary>
    public StoredDocument Open(string collection, byte[] storedKey, byte[] storedValue)
    {
        var plain = sealer.Open(storedValue, Place.OfDocument(collection, storedKey));
        if (!HidesKeys(collection))
        {
            return new StoredDocument(storedKey, plain);
        }

        var end = 4 + BinaryPrimitives.ReadInt32BigEndian(plain);
        return new StoredDocument(plain[4..end], plain[end..]);
    }
}
