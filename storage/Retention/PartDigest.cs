using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SyncHub.Storage.Retention;

/// <summary>A hash over rows in the order in which they come: two copies of a part that have the same one are the same, whatever wrote them.</summary>
internal sealed class PartDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _numbers = new byte[72];

    /// <summary>How many rows it has seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Takes a record, as it lies there.</summary>
    public void Add(long position, int partition, StreamId stream, long version, FactKey? fact, ReadOnlySpan<byte> payload)
    {
        var to = _numbers.AsSpan();
        BinaryPrimitives.WriteInt64BigEndian(to, position);
        BinaryPrimitives.WriteInt64BigEndian(to[8..], partition);
        BinaryPrimitives.WriteUInt128BigEndian(to[16..], stream.Value);
        BinaryPrimitives.WriteInt64BigEndian(to[32..], version);
        BinaryPrimitives.WriteInt64BigEndian(to[40..], fact?.Producer.Store ?? long.MinValue);
        BinaryPrimitives.WriteInt64BigEndian(to[48..], fact?.Producer.Incarnation ?? long.MinValue);
        BinaryPrimitives.WriteInt64BigEndian(to[56..], fact?.Sequence ?? long.MinValue);
        BinaryPrimitives.WriteInt64BigEndian(to[64..], payload.Length);
        _hash.AppendData(to);
        _hash.AppendData(payload);
        Rows++;
    }

    /// <summary>Takes a fact, as it lies there.</summary>
    public void Add(FactKey key, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> bytes)
    {
        var to = _numbers.AsSpan(0, 32);
        BinaryPrimitives.WriteInt64BigEndian(to, key.Producer.Store);
        BinaryPrimitives.WriteInt64BigEndian(to[8..], key.Producer.Incarnation);
        BinaryPrimitives.WriteInt64BigEndian(to[16..], key.Sequence);
        BinaryPrimitives.WriteInt64BigEndian(to[24..], bytes.Length);
        _hash.AppendData(to);
        _hash.AppendData(hash);
        _hash.AppendData(bytes);
        Rows++;
    }

    /// <summary>The hash of all rows so far.</summary>
    public byte[] Current() => _hash.GetCurrentHash();

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
