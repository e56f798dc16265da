using System.Security.Cryptography;

namespace SyncHub.Core.Primitives;

/// <summary>A link of a store's hash chain: SHA-256 over the hash before it and the op's bytes as they were logged.</summary>
public readonly struct OpHash : IEquatable<OpHash>
{
    /// <summary>Bytes in a hash.</summary>
    public const int Size = 32;

    private readonly UInt128 _high;
    private readonly UInt128 _low;

    private OpHash(ReadOnlySpan<byte> bytes)
    {
        _high = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        _low = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    /// <summary>The hash before the first op: 32 zero bytes.</summary>
    public static OpHash Genesis => default;

    /// <summary>The first eight bytes: enough to tell apart what two copies of one machine wrote.</summary>
    public ulong Head => (ulong)(_high >> 64);

    /// <summary>Reads 32 bytes; an empty span is <see cref="Genesis"/>.</summary>
    /// <exception cref="ArgumentException">Neither 0 nor 32 bytes.</exception>
    public static OpHash FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => Genesis,
        Size => new OpHash(bytes),
        _ => throw new ArgumentException($"A hash has {Size} bytes, not {bytes.Length}.", nameof(bytes)),
    };

    /// <summary>The hash of the op with these bytes that follows this one.</summary>
    public OpHash Next(ReadOnlySpan<byte> opBytes)
    {
        // Both parts side by side and one call: a hasher that takes parts is an object with a finalizer, and each op would make one.
        const int OnStack = 1024;
        var length = Size + opBytes.Length;
        var bytes = length <= OnStack ? stackalloc byte[OnStack] : new byte[length];
        WriteTo(bytes);
        opBytes.CopyTo(bytes[Size..]);
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(bytes[..length], hash);
        return new OpHash(hash);
    }

    /// <summary>The hash after each op of a run that follows <paramref name="previous"/>.</summary>
    public static OpHash[] Chain(OpHash previous, IReadOnlyList<ReadOnlyMemory<byte>> run)
    {
        var hashes = new OpHash[run.Count];
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i] = previous = previous.Next(run[i].Span);
        }

        return hashes;
    }

    /// <summary>The 32 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        WriteTo(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public bool Equals(OpHash other) => _high == other._high && _low == other._low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is OpHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _low.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Convert.ToHexStringLower(ToBytes().AsSpan(0, 6));

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(OpHash left, OpHash right) => left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(OpHash left, OpHash right) => !left.Equals(right);

    private void WriteTo(Span<byte> bytes)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, _high);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], _low);
    }
}
