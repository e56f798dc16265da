namespace SyncHub.Core.Identity;

/// <summary>128 random bits by which a machine, or one wish for a new life, is told from another; zero = none.</summary>
/// <remarks>No secret and no proof: whoever copies a whole machine copies it too. No money depends on it, only who is asked to explain.</remarks>
public readonly record struct LifeKey(UInt128 Value)
{
    /// <summary>Bytes of a key.</summary>
    public const int Size = 16;

    /// <summary>Whether there is none.</summary>
    public bool IsNone => Value == UInt128.Zero;

    /// <summary>Reads 16 bytes; anything else is no key.</summary>
    public static LifeKey FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size ? new LifeKey(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes)) : default;

    /// <summary>The 16 bytes; none for no key.</summary>
    public byte[] ToBytes()
    {
        if (IsNone)
        {
            return [];
        }

        var bytes = new byte[Size];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    /// <inheritdoc/>
    public override string ToString() => (Value >> 96).ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
}
