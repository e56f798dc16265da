using SyncHub.Storage;

namespace SyncHub.Verify;

/// <summary>How findings name ops and stores.</summary>
internal static class OpText
{
    public static string Of(ProducerId producer, long sequence) => $"op {sequence} of {Of(producer)}";

    public static string Of(ProducerId producer) => $"store {producer.Store} (incarnation {Incarnation(producer.Incarnation)})";

    public static string Hash(ReadOnlySpan<byte> hash) => hash.IsEmpty ? "none" : Convert.ToHexStringLower(hash[..Math.Min(6, hash.Length)]);

    // Hub term and number, as the rest of the product writes it.
    private static string Incarnation(long value) => (value >> 24 & 0xff) == 0 ? $"{value >> 32}.{value & 0xffffff}" : $"{value >> 32}.{value & 0xffffff}@{(value >> 24 & 0xff) + 1}";
}
