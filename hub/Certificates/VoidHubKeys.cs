using System.Globalization;
using System.Text;
using SyncHub.Storage;

namespace SyncHub.Hub.Certificates;

/// <summary>The journal's word on which certificates of hubs are void, for the hub that leads next: its own folder may be of before.</summary>
internal static class VoidHubKeys
{
    private const string Collection = "meta";
    private static readonly byte[] Key = "hub-keys-void-before"u8.ToArray();

    /// <summary>Those that were given before this are void; 0: none are.</summary>
    public static long ReadFrom(IJournal journal) =>
        journal.ReadDocument(Collection, Key) is { } bytes ? long.Parse(Encoding.ASCII.GetString(bytes), CultureInfo.InvariantCulture) : 0;

    /// <summary>What to write.</summary>
    public static DocumentWrite Write(long voidBeforeMs) => new(Collection, Key, Encoding.ASCII.GetBytes(voidBeforeMs.ToString(CultureInfo.InvariantCulture)));
}
