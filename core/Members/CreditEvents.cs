namespace SyncHub.Core.Members;

/// <summary>HQ set how much credit the member may have in all.</summary>
public sealed record CreditLimitSet(long LimitMinor) : MemberEvent
{
    /// <summary>Whether it follows from something else, a merge or a right that a store holds, and is no word of HQ.</summary>
    public bool IsDerived { get; init; }
}

/// <summary>Free principal settled what the member owed.</summary>
/// <param name="SettledMinor">All that was ever settled so; absolute, so that the event changes nothing when it is applied again.</param>
public sealed record ReceivableSettled(long SettledMinor) : MemberEvent;

/// <summary>HQ sets how much credit the member may have.</summary>
public sealed record CreditLimitWanted(long LimitMinor, object Reply) : MemberMessage, IAsked;
