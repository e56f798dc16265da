using System.Buffers.Binary;

namespace SyncHub.Core.Primitives;

/// <summary>A member's number: a ULID, made wherever the member is registered, also offline. Sorts by the time it was made.</summary>
/// <remarks>Its text form is 26 characters of Crockford's base 32 (github.com/ulid/spec). It is not a secret.</remarks>
public readonly record struct MemberId(UInt128 Value) : IComparable<MemberId>
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>A new id from the time and ten random bytes.</summary>
    /// <param name="unixMs">Milliseconds since 1970, 48 bits.</param>
    /// <param name="entropy">At least ten random bytes.</param>
    public static MemberId Create(long unixMs, ReadOnlySpan<byte> entropy)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, unixMs << 16);
        entropy[..10].CopyTo(bytes[6..]);
        return FromBytes(bytes);
    }

    /// <summary>Reads the 16 big-endian bytes that <see cref="ToBytes"/> writes.</summary>
    public static MemberId FromBytes(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>The 16 bytes of the id, big-endian, so that byte order is id order.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    /// <summary>Reads the text form; upper or lower case. False for anything that is not 26 such characters.</summary>
    public static bool TryParse(string? text, out MemberId id)
    {
        id = default;
        if (text is not { Length: 26 } || text[0] > '7')
        {
            return false;
        }

        UInt128 value = 0;
        foreach (var character in text)
        {
            var digit = Alphabet.IndexOf(char.ToUpperInvariant(character), StringComparison.Ordinal);
            if (digit < 0)
            {
                return false;
            }

            value = unchecked((value << 5) | (uint)digit);
        }

        id = new MemberId(value);
        return true;
    }

    /// <summary>A number from 0 to <paramref name="count"/> - 1 that depends only on the id, the same in every process for ever.</summary>
    public int Slot(int count)
    {
        return (int)(Mixed() % (ulong)count);
    }

    /// <summary>A number from 0 to <paramref name="count"/> - 1 that depends only on the id, and tells nothing of its <see cref="Slot"/>: the members of one cell fill all its partitions.</summary>
    internal int CellSlot(int count) => count == 1 ? 0 : (int)((Mixed() >> 32) % (ulong)count);

    /// <summary>splitmix64's finaliser.</summary>
    internal static ulong Mix(ulong value)
    {
        unchecked
        {
            var mixed = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
            return mixed ^ (mixed >> 31);
        }
    }

    // Over both halves: ULIDs made in one millisecond at one store must still spread evenly.
    private ulong Mixed() => Mix((ulong)(Value >> 64) ^ unchecked((ulong)Value * 0x9E3779B97F4A7C15UL));

    /// <inheritdoc/>
    public int CompareTo(MemberId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => string.Create(26, Value, static (text, rest) =>
    {
        for (var i = 25; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(uint)(rest & 31)];
            rest >>= 5;
        }
    });
}
