using SyncHub.Storage;
using SyncHub.Storage.Sealing;

namespace SyncHub.Hub;

/// <summary>How a hub's journal is sealed.</summary>
internal static class HubSeal
{
    // Whoever could read them would have every member's phone.
    private static readonly HashSet<string> HiddenKeys = ["phone", "card"];

    /// <summary>Where the keys lie.</summary>
    public static string PathOf(string dataDirectory, string keyFile) => keyFile.Length > 0 ? keyFile : Path.Combine(dataDirectory, "hub" + KeyRing.Extension);

    /// <summary>Seals a new journal, or opens a sealed one.</summary>
    public static Task<SealedJournal> OpenAsync(IJournal journal, KeyRing ring) => SealedJournal.OpenAsync(journal, ring, HiddenKeys);

    /// <summary>Opens a sealed journal.</summary>
    public static SealedJournal Reopen(IJournal journal, KeyRing ring) => SealedJournal.Reopen(journal, ring, HiddenKeys);
}
