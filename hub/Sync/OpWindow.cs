namespace SyncHub.Hub.Sync;

/// <summary>How many op bytes an agent may have under way.</summary>
/// <remarks>
/// When every store comes back at once each fills its window, and the hub holds all of them: their sum is what must be bounded, not one alone. An op takes
/// several times its bytes while it is under way.
/// </remarks>
internal static class OpWindow
{
    /// <summary>For one store: at 250 bytes an op 4,000 ops, more than a commit takes.</summary>
    public const int LargestBytes = 1024 * 1024;

    /// <summary>Below it a store far away would wait for the line: 64 KiB in 40 ms are 6,000 ops a second.</summary>
    public const int LeastBytes = 64 * 1024;

    private const int BytesOfAll = 256 * 1024 * 1024;

    /// <summary>The window of each, where a hub has so many stores.</summary>
    public static int BytesFor(int stores) => Math.Clamp(BytesOfAll / Math.Max(1, stores), LeastBytes, LargestBytes);
}
