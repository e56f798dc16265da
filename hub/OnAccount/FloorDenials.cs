using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Hub.OnAccount;

/// <summary>Members to whom no store may advance anything. A short list: it travels with every policy.</summary>
/// <remarks>Thread-safe. A change counts when its batch is durable; the caller writes it.</remarks>
internal sealed class FloorDenials
{
    private const string Collection = "floor-denied";
    private readonly Lock _gate = new();
    private readonly SortedSet<MemberId> _members = [];

    /// <summary>Reads the list.</summary>
    public static FloorDenials Load(IJournal journal)
    {
        var denials = new FloorDenials();
        foreach (var document in journal.ReadDocuments(Collection, default, default, int.MaxValue))
        {
            denials._members.Add(MemberId.FromBytes(document.Key));
        }

        return denials;
    }

    /// <summary>Who is denied.</summary>
    public IReadOnlyList<MemberId> All()
    {
        lock (_gate)
        {
            return [.. _members];
        }
    }

    /// <summary>Changes the list, and says what to write.</summary>
    public DocumentWrite Set(MemberId member, bool isDenied)
    {
        lock (_gate)
        {
            _ = isDenied ? _members.Add(member) : _members.Remove(member);
        }

        return new DocumentWrite(Collection, member.ToBytes(), isDenied ? [1] : null);
    }
}
