using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SyncHub.Verify;

/// <summary>The hash chain of a store's log: SHA-256 over the 32 bytes before and the op's bytes; 32 zero bytes before the first op.</summary>
internal static class Chain
{
    public const int HashBytes = 32;

    public static readonly byte[] Genesis = new byte[HashBytes];

    /// <summary>Whether <paramref name="hash"/> is what <paramref name="previous"/> and <paramref name="bytes"/> give.</summary>
    public static bool Follows(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> hash)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(previous);
        sha.AppendData(bytes);
        Span<byte> expected = stackalloc byte[HashBytes];
        sha.GetHashAndReset(expected);
        return expected.SequenceEqual(hash);
    }

    /// <summary>Half a SHA-256: enough to tell two ops apart, and half the memory.</summary>
    public static UInt128 Digest(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        SHA256.HashData(bytes, hash);
        return Head(hash);
    }

    /// <summary>The first half of a hash.</summary>
    public static UInt128 Head(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadUInt128BigEndian(hash);
}
