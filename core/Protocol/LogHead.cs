using System.Buffers.Binary;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Protocol;

/// <summary>The end of a store's log at some moment. Whoever signs it vouches for every op up to there, because each hash covers the one before.</summary>
/// <remarks>Two heads of one life with one sequence and different hashes, both signed, prove that two histories were written.</remarks>
/// <param name="Life">Whose log.</param>
/// <param name="Sequence">Its newest op.</param>
/// <param name="Hash">The hash there.</param>
public readonly record struct LogHead(Holder Life, long Sequence, OpHash Hash)
{
    private static ReadOnlySpan<byte> Purpose => "synchub log head 1"u8;

    /// <summary>The head after a run of ops.</summary>
    /// <param name="life">Whose log.</param>
    /// <param name="firstSequence">The number of the run's first op.</param>
    /// <param name="previous">The hash before it.</param>
    /// <param name="hashes">The hash after each op of the run.</param>
    public static LogHead After(Holder life, long firstSequence, OpHash previous, IReadOnlyList<OpHash> hashes) =>
        new(life, firstSequence - 1 + hashes.Count, hashes.Count == 0 ? previous : hashes[^1]);

    /// <summary>What is signed: the purpose, then store (4 bytes), life and sequence (8 each, big-endian), then the hash.</summary>
    public byte[] ToSignedBytes()
    {
        var bytes = new byte[Purpose.Length + 4 + 8 + 8 + OpHash.Size];
        Purpose.CopyTo(bytes);
        var rest = bytes.AsSpan(Purpose.Length);
        BinaryPrimitives.WriteInt32BigEndian(rest, Life.Store.Value);
        BinaryPrimitives.WriteInt64BigEndian(rest[4..], Life.Incarnation.Value);
        BinaryPrimitives.WriteInt64BigEndian(rest[12..], Sequence);
        Hash.ToBytes().CopyTo(rest[20..]);
        return bytes;
    }
}
