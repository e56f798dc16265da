using SyncHub.V1;

namespace SyncHub.Hub.Doors;

/// <summary>How a method is guarded, and what of a call to it is recorded.</summary>
internal enum DoorKind
{
    /// <summary>For anybody: nothing of the chain is behind it.</summary>
    Open,

    /// <summary>It makes sure itself who calls: stores, and sign-in.</summary>
    OwnCheck,

    /// <summary>For the hubs of the chain's other cells.</summary>
    Hub,

    /// <summary>For whoever has a session or token.</summary>
    SignedIn,

    /// <summary>Reads nothing of a person. Not recorded.</summary>
    Read,

    /// <summary>Reads personal data; each member read is recorded before the answer leaves.</summary>
    PersonalRead,

    /// <summary>Changes something; recorded in the commit of the change.</summary>
    Act,
}

/// <summary>One method of HQ's doors.</summary>
/// <param name="What">Service and method, as in <c>Members/GetMember</c>.</param>
/// <param name="Kind">How it is guarded.</param>
/// <param name="Permission">What a caller needs; none for kinds before <see cref="DoorKind.Read"/>.</param>
/// <param name="AllowsScoped">Whether a caller with a list of stores may use it; then the method itself keeps to that list.</param>
internal sealed record Door(string What, DoorKind Kind, Permission Permission = Permission.Unspecified, bool AllowsScoped = false)
{
    /// <summary>Whether a session or token is needed.</summary>
    public bool NeedsCaller => Kind >= DoorKind.Hub;

    /// <summary>Whether a caller may use it.</summary>
    public bool Admits(Caller caller) =>
        (Permission == Permission.Unspecified || caller.Permissions.Contains(Permission)) && (AllowsScoped || !caller.IsScoped);
}
