using SyncHub.Core.Primitives;

namespace SyncHub.Core.Identity;

/// <summary>What became of one life of a store's database.</summary>
public enum LifeStatus
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>The store's present life: it is granted rights.</summary>
    Living = 1,

    /// <summary>Revoked: nothing is granted to it, its log is still taken in as facts, what it held stays reserved.</summary>
    Dead = 2,

    /// <summary>Dead, and its log came in whole: what it held has gone back.</summary>
    Closed = 3,

    /// <summary>No life, but a second history under the number of one: kept apart, so that nothing that happened is lost.</summary>
    Branch = 4,
}

/// <summary>Why a dead life's rights are taken from it.</summary>
public enum ReleaseKind
{
    /// <summary>They are not: what it holds stays reserved.</summary>
    None = 0,

    /// <summary>Its log is complete: what was not used has come back.</summary>
    Closed = 1,

    /// <summary>Force-reclaim: the hub takes them although the store may have used them; a payer bears what turns out missing.</summary>
    Reclaimed = 2,
}

/// <summary>One life of a store's database as the hub keeps it. Unchangeable.</summary>
public sealed record Life(Incarnation Number, LifeStatus Status)
{
    /// <summary>The machine that lives it; none before its first Hello.</summary>
    public LifeKey Device { get; init; }

    /// <summary>The wish that it was given for, so that the same wish gets the same answer.</summary>
    public LifeKey Wish { get; init; }

    /// <summary>The newest token that the agent is known to have.</summary>
    public long ConfirmedToken { get; init; }

    /// <summary>Tokens that were sent since and may or may not have arrived.</summary>
    public IReadOnlyList<long> IssuedTokens { get; init; } = [];

    /// <summary>For a branch: the life whose number it carries.</summary>
    public Incarnation BranchOf { get; init; }

    /// <summary>What is done with its rights.</summary>
    public ReleaseKind Release { get; init; }

    /// <summary>Whether every member has been gone through for <see cref="Release"/>.</summary>
    public bool IsReleased { get; init; }

    /// <summary>Who ordered a reclaim.</summary>
    public string Approver { get; init; } = "";

    /// <summary>The account that bears what a reclaim turns out to miss.</summary>
    public string Payer { get; init; } = "";

    /// <summary>Whether a token continues this life: the last confirmed one, or one issued since.</summary>
    public bool Knows(long token) => token == ConfirmedToken || IssuedTokens.Contains(token);
}
