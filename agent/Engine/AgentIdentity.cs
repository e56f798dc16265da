using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Agent.Engine;

/// <summary>Whose database this is, and which life of it: written in the file itself, so that a copy says so too.</summary>
internal static class AgentIdentity
{
    public const string Collection = "meta";
    public static readonly byte[] Key = "identity"u8.ToArray();

    /// <summary>Store and life; null for a new database.</summary>
    public static Holder? Read(IJournal journal)
    {
        if (journal.ReadDocument(Collection, Key) is not { } bytes)
        {
            return null;
        }

        var wire = V1.AgentIdentity.Parser.ParseFrom(bytes);
        return new Holder(new StoreId(wire.Store), new Incarnation(wire.Incarnation));
    }

    /// <summary>The document of a store and life.</summary>
    public static byte[] Encode(Holder holder, string name) => new V1.AgentIdentity { Store = holder.Store.Value, Incarnation = holder.Incarnation.Value, Name = name }.ToByteArray();

    /// <summary>Ties a new journal to its holder, or says whose it is where that is somebody else.</summary>
    public static async Task<Holder?> FindOtherOwnerAsync(IJournal journal, Holder holder, string storeName)
    {
        if (Read(journal) is { } owner)
        {
            // A later life than the enrolled one was given by the hub; an earlier one belongs to an enrolment that was replaced.
            return owner.Store == holder.Store && owner.Incarnation.CompareTo(holder.Incarnation) >= 0 ? null : owner;
        }

        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite(Collection, Key, Encode(holder, storeName)));
        await journal.CommitAsync(batch);
        return null;
    }
}
