using SyncHub.V1;

namespace SyncHub.Hub.Doors;

/// <summary>Whoever came through one of HQ's doors, as far as the hub could make sure of it.</summary>
/// <param name="Name">The user's or token's name.</param>
/// <param name="IsProgram">Whether it showed an API token, and no person's session.</param>
/// <param name="Permissions">What it may do.</param>
/// <param name="Stores">The stores that it may touch; empty for the whole chain.</param>
internal sealed record Caller(string Name, bool IsProgram, IReadOnlySet<Permission> Permissions, IReadOnlyList<int> Stores)
{
    /// <summary>The role of a person.</summary>
    public Role Role { get; init; }

    /// <summary>Under what the session or token lies in the journal.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>Whether it sees who a member is; else names, phones, cards, addresses and notes are masked.</summary>
    public bool SeesPersonalData => Permissions.Contains(Permission.MembersPersonal);

    /// <summary>As the audit trail names it.</summary>
    public string Who => IsProgram ? "token " + Name : "user " + Name;

    /// <summary>Whether only some stores are its business.</summary>
    public bool IsScoped => Stores.Count > 0;

    /// <summary>Whether a store is its business.</summary>
    public bool MaySee(int store) => !IsScoped || Stores.Contains(store);
}
