using SyncHub.V1;

namespace SyncHub.Hub.Doors;

/// <summary>What each role may do. A role is a fixed set: who needs another mixture gets an API token or a second user.</summary>
internal static class Roles
{
    private static readonly Dictionary<Role, HashSet<Permission>> Table = new()
    {
        [Role.Admin] = [.. Enum.GetValues<Permission>().Where(permission => permission != Permission.Unspecified)],
        [Role.Finance] =
        [
            Permission.MembersRead, Permission.WalletsRead, Permission.CreditWrite, Permission.StoresRead, Permission.Reclaim,
            Permission.CasesRead, Permission.CasesWrite, Permission.ReceiptsWrite, Permission.ValueOrder,
        ],
        [Role.Marketing] = [Permission.MembersRead, Permission.MembersPersonal, Permission.MembersWrite],
        [Role.StoreManager] = [Permission.MembersRead, Permission.MembersPersonal, Permission.WalletsRead, Permission.StoresRead, Permission.CasesRead, Permission.CashiersWrite],
        [Role.Cashier] = [],
        [Role.Auditor] = [Permission.MembersRead, Permission.WalletsRead, Permission.StoresRead, Permission.CasesRead, Permission.UsersRead, Permission.AuditRead],
    };

    /// <summary>The permissions of a role; none for one that this version does not know.</summary>
    public static IReadOnlySet<Permission> PermissionsOf(Role role) => Table.TryGetValue(role, out var permissions) ? permissions : new HashSet<Permission>();

    /// <summary>Whether this version knows the role.</summary>
    public static bool IsKnown(Role role) => Table.ContainsKey(role);

    /// <summary>Whether the role makes sense only with a list of stores.</summary>
    public static bool NeedsStores(Role role) => role is Role.StoreManager or Role.Cashier;
}
