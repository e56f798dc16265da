using System.Text;

namespace SyncHub.Storage.Sealing;

/// <summary>The one document of a sealed journal that is not sealed: it says that all else is, and whose keys are hidden.</summary>
internal static class SealMark
{
    /// <summary>Where it lies.</summary>
    public const string Collection = "seal";

    /// <summary>Its key.</summary>
    public static readonly byte[] Key = "1"u8.ToArray();

    /// <summary>Its text: the collections whose keys are hidden, in order.</summary>
    public static byte[] Encode(IEnumerable<string> hiddenKeys) => Encoding.UTF8.GetBytes("1\n" + string.Join('\n', hiddenKeys.Order(StringComparer.Ordinal)));

    /// <summary>The collections whose keys are hidden.</summary>
    public static IReadOnlySet<string> Decode(byte[] bytes)
    {
        var lines = Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines is ["1", .. var hidden] ? hidden.ToHashSet(StringComparer.Ordinal)
            : throw new JournalUnavailableException(JournalFault.TooNew, "The database was sealed in a way that this program does not know. Run the newer version.");
    }
}
