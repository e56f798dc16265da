using SyncHub.V1;

namespace SyncHub.Hub.Doors;

/// <summary>Every method of the hub's doors and who may use it. What is not in here is refused: a new method begins with a row.</summary>
internal static class DoorTable
{
    private const string Package = "/synchub.v1.";

    private static readonly Dictionary<string, Door> Methods = Rows().ToDictionary(door => Package + door.What, StringComparer.Ordinal);

    // Acts that are asked for and approved, and have no method of their own.
    private static readonly Dictionary<string, Door> Acts = new Door[]
    {
        new("Orders/Adjust", DoorKind.Act, Permission.ValueOrder),
        new("Orders/Refund", DoorKind.Act, Permission.ValueOrder),
    }.ToDictionary(door => door.What, StringComparer.Ordinal);

    // The JSON doors: route -> the method whose row counts.
    private static readonly Dictionary<string, string> Routes = new(StringComparer.Ordinal)
    {
        ["GET /api/stores"] = "Stores/ListStores",
        ["POST /api/stores"] = "Stores/CreateStore",
        ["POST /api/stores/{id}/replace"] = "Stores/ReplaceAgent",
        ["POST /api/stores/{id}/renew"] = "Stores/RenewCertificate",
        ["POST /api/stores/{id}/revoke"] = "Stores/RevokeCertificate",
        ["POST /api/stores/{id}/release"] = "Stores/ReleaseQuarantine",
        ["POST /api/stores/{id}/reclaim"] = "Stores/Reclaim",
        ["POST /api/hubs/revoke-keys"] = "Hubs/RevokeKeys",
        ["GET /api/members/{id}"] = "Members/GetMember",
        ["GET /api/members/{id}/export"] = "Members/ExportMember",
        ["GET /api/members"] = "Members/FindMember",
        ["POST /api/members"] = "Members/CreateMember",
        ["POST /api/members/{id}/merge"] = "Members/MergeMembers",
        ["POST /api/members/{id}/unmerge"] = "Members/UnmergeMember",
        ["POST /api/members/{id}/profile"] = "Members/ChangeProfile",
        ["POST /api/members/{id}/pending"] = "Members/ConfirmPending",
        ["POST /api/members/{id}/erase"] = "Members/EraseMember",
        ["POST /api/members/{id}/credit"] = "Credits/SetCreditLimit",
        ["POST /api/members/{id}/floor-denied"] = "Credits/SetFloorDenied",
        ["GET /api/floor-denied"] = "Credits/ListFloorDenied",
        ["GET /api/wallets/{id}"] = "Wallets/GetWallet",
        ["GET /api/wallets/{id}/entries"] = "Wallets/ListEntries",
        ["POST /api/receipts"] = "Receipts/HandIn",
        ["GET /api/cases"] = "Cases/ListCases",
        ["GET /api/cases/{id}"] = "Cases/GetCase",
        ["GET /api/parked"] = "Cases/ListParked",
        ["POST /api/cases/{id}/resume"] = "Cases/ResumeParked",
        ["POST /api/cases/{id}/close"] = "Cases/CloseCase",
        ["POST /api/login"] = "Access/Login",
        ["POST /api/logout"] = "Access/Logout",
        ["GET /api/me"] = "Access/WhoAmI",
        ["POST /api/me/password"] = "Access/ChangePassword",
        ["GET /api/users"] = "Users/ListUsers",
        ["POST /api/users"] = "Users/AddUser",
        ["POST /api/users/{id}"] = "Users/ChangeUser",
        ["POST /api/users/{id}/password"] = "Users/ResetPassword",
        ["POST /api/users/{id}/end-sessions"] = "Users/EndSessions",
        ["POST /api/users/{id}/pin"] = "Cashiers/SetPin",
        ["GET /api/cashiers"] = "Cashiers/ListCashiers",
        ["GET /api/tokens"] = "ApiTokens/ListTokens",
        ["POST /api/tokens"] = "ApiTokens/AddToken",
        ["POST /api/tokens/{id}/revoke"] = "ApiTokens/RevokeToken",
        ["GET /api/approvals"] = "Approvals/ListApprovals",
        ["POST /api/approvals"] = "Approvals/AskFor",
        ["POST /api/approvals/{id}/approve"] = "Approvals/Approve",
        ["POST /api/approvals/{id}/reject"] = "Approvals/Reject",
        ["GET /api/audit"] = "AuditTrail/ListAudit",
    };

    private static readonly Door Public = new("", DoorKind.Open);

    // Nothing of the chain is behind these: whether the hub serves, and the contracts, which are served with --reflection only.
    private static readonly HashSet<string> PublicMethods = new(StringComparer.Ordinal)
    {
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    };

    /// <summary>The methods that the JSON doors reach.</summary>
    public static IReadOnlyCollection<string> MethodsByJson => Routes.Values;

    /// <summary>The row of a gRPC method by its full name, null where there is none.</summary>
    public static Door? OfMethod(string fullName) =>
        Methods.GetValueOrDefault(fullName) ?? (PublicMethods.Contains(fullName) ? Public : null);

    /// <summary>The row of a method as the trail names it, or of an act that is asked for.</summary>
    public static Door Of(string what) => Acts.GetValueOrDefault(what) ?? Methods[Package + what];

    /// <summary>The row of a JSON route as it was mapped, null where there is none.</summary>
    public static Door? OfRoute(string verb, string pattern) =>
        pattern == "/healthz" ? Public : Routes.TryGetValue($"{verb} {pattern}", out var what) ? Methods[Package + what] : null;

    private static IEnumerable<Door> Rows() =>
    [
        new("Sync/Link", DoorKind.OwnCheck),
        new("Enrolment/Authority", DoorKind.OwnCheck),
        new("Enrolment/Enrol", DoorKind.OwnCheck),
        new("Enrolment/Renew", DoorKind.OwnCheck),
        new("Cells/Knows", DoorKind.Hub),
        new("Access/Login", DoorKind.OwnCheck),
        new("Access/Logout", DoorKind.SignedIn, AllowsScoped: true),
        new("Access/WhoAmI", DoorKind.SignedIn, AllowsScoped: true),
        new("Access/ChangePassword", DoorKind.Act, AllowsScoped: true),

        new("Members/GetMember", DoorKind.PersonalRead, Permission.MembersRead, AllowsScoped: true),
        new("Members/FindMember", DoorKind.PersonalRead, Permission.MembersRead, AllowsScoped: true),
        new("Members/ExportMember", DoorKind.PersonalRead, Permission.MembersExport),
        new("Members/CreateMember", DoorKind.Act, Permission.MembersWrite),
        new("Members/ChangeProfile", DoorKind.Act, Permission.MembersWrite),
        new("Members/ConfirmPending", DoorKind.Act, Permission.MembersWrite),
        new("Members/MergeMembers", DoorKind.Act, Permission.MembersMerge),
        new("Members/UnmergeMember", DoorKind.Act, Permission.MembersMerge),
        new("Members/EraseMember", DoorKind.Act, Permission.MembersErase),
        new("Wallets/GetWallet", DoorKind.PersonalRead, Permission.WalletsRead, AllowsScoped: true),
        new("Wallets/ListEntries", DoorKind.PersonalRead, Permission.WalletsRead, AllowsScoped: true),
        new("Credits/SetCreditLimit", DoorKind.Act, Permission.CreditWrite),
        new("Credits/SetFloorDenied", DoorKind.Act, Permission.CreditWrite),
        new("Credits/ListFloorDenied", DoorKind.Read, Permission.WalletsRead),

        new("Stores/ListStores", DoorKind.Read, Permission.StoresRead, AllowsScoped: true),
        new("Stores/CreateStore", DoorKind.Act, Permission.StoresWrite),
        new("Stores/ReplaceAgent", DoorKind.Act, Permission.StoresWrite),
        new("Stores/RenewCertificate", DoorKind.Act, Permission.StoresWrite),
        new("Stores/RevokeCertificate", DoorKind.Act, Permission.StoresWrite),
        new("Stores/ReleaseQuarantine", DoorKind.Act, Permission.StoresWrite),
        new("Stores/Reclaim", DoorKind.Act, Permission.Reclaim),
        new("Hubs/RevokeKeys", DoorKind.Act, Permission.StoresWrite),
        new("Receipts/HandIn", DoorKind.Act, Permission.ReceiptsWrite),
        new("Cases/ListCases", DoorKind.Read, Permission.CasesRead, AllowsScoped: true),
        new("Cases/GetCase", DoorKind.Read, Permission.CasesRead, AllowsScoped: true),
        new("Cases/ListParked", DoorKind.Read, Permission.CasesRead),
        new("Cases/ResumeParked", DoorKind.Act, Permission.CasesWrite),
        new("Cases/CloseCase", DoorKind.Act, Permission.CasesWrite),

        new("Approvals/AskFor", DoorKind.Act),
        new("Approvals/ListApprovals", DoorKind.SignedIn),
        new("Approvals/Approve", DoorKind.Act),
        new("Approvals/Reject", DoorKind.Act),

        new("Users/ListUsers", DoorKind.Read, Permission.UsersRead),
        new("Users/AddUser", DoorKind.Act, Permission.UsersWrite),
        new("Users/ChangeUser", DoorKind.Act, Permission.UsersWrite),
        new("Users/ResetPassword", DoorKind.Act, Permission.UsersWrite),
        new("Users/EndSessions", DoorKind.Act, Permission.UsersWrite),
        new("ApiTokens/ListTokens", DoorKind.Read, Permission.UsersRead),
        new("ApiTokens/AddToken", DoorKind.Act, Permission.UsersWrite),
        new("ApiTokens/RevokeToken", DoorKind.Act, Permission.UsersWrite),
        new("Cashiers/ListCashiers", DoorKind.Read, Permission.CashiersWrite, AllowsScoped: true),
        new("Cashiers/SetPin", DoorKind.Act, Permission.CashiersWrite, AllowsScoped: true),
        new("AuditTrail/ListAudit", DoorKind.Read, Permission.AuditRead),
    ];
}
