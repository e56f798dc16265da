using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Members;

/// <summary>HQ changed fields and tags, or confirmed what a store had noted.</summary>
public sealed record ProfileChanged(string Operator, IReadOnlyList<FieldChange> Fields, IReadOnlyList<string> AddedTags, IReadOnlyList<Dot> RemovedDots) : MemberEvent
{
    /// <summary>Names of the added tags, in their order; none in events of hubs before it, which named them by the member's version.</summary>
    public IReadOnlyList<Dot> AddedDots { get; init; } = [];
}

/// <summary>The member's personal data are gone for good.</summary>
public sealed record MemberErased(string Operator, string Reason) : MemberEvent;

/// <summary>HQ changes fields and tags; tags to remove by name.</summary>
public sealed record ProfileWanted(string Operator, IReadOnlyList<FieldChange> Fields, IReadOnlyList<string> AddTags, IReadOnlyList<string> RemoveTags, object Reply) : MemberMessage, IAsked;

/// <summary>HQ confirms an unproved value of a contact field, or puts the one that counts in its place.</summary>
public sealed record PendingDecided(string Operator, ProfileField Field, bool IsAccepted, object Reply) : MemberMessage, IAsked;

/// <summary>HQ erases a member.</summary>
public sealed record EraseWanted(string Operator, string Reason, object Reply) : MemberMessage, IAsked;

/// <summary>A survivor was erased, and so is its alias.</summary>
public sealed record EraseAlias(MemberId Survivor, string Operator, string Reason) : MemberMessage;

/// <summary>An alias was erased.</summary>
public sealed record EraseTaken(MemberId Alias) : MemberMessage;
