using SyncHub.Testing;

namespace SyncHub.Storage.Tests;

/// <summary>A journal, and how often a document was read from it.</summary>
internal sealed class WatchedJournal(IJournal inner) : JournalAround(inner)
{
    public int DocumentsRead { get; private set; }

    public override byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key)
    {
        DocumentsRead++;
        return base.ReadDocument(collection, key);
    }
}
