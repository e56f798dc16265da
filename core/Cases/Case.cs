using SyncHub.Core.Primitives;

namespace SyncHub.Core.Cases;

/// <summary>An accepted fact that needs a person: what happened, what was booked for it already, who pays, and what to do.</summary>
/// <remarks>A case never holds anything up and moves no value: the money rule was applied before it was opened. Unchangeable but for its closing.</remarks>
public sealed record Case
{
    /// <summary>Its name.</summary>
    public required CaseId Id { get; init; }

    /// <summary>What it is about.</summary>
    public required CaseKind Kind { get; init; }

    /// <summary>When the hub opened it, Unix milliseconds.</summary>
    public required long OpenedAtMs { get; init; }

    /// <summary>Whose; default where it is about no member.</summary>
    public MemberId Member { get; init; }

    /// <summary>The other member of a proposal to merge; default where there is none.</summary>
    public MemberId OtherMember { get; init; }

    /// <summary>The store that it happened at; default where it happened at none.</summary>
    public StoreId Store { get; init; }

    /// <summary>The op that it is about.</summary>
    public OpId? Op { get; init; }

    /// <summary>How much is in question, minor units (points where <see cref="AssetCode"/> says so).</summary>
    public long AmountMinor { get; init; }

    /// <summary>What the amount is of; empty where there is none.</summary>
    public string AssetCode { get; init; } = "";

    /// <summary>The account that bears it; empty where nobody has to.</summary>
    public string PayerAccount { get; init; } = "";

    /// <summary>What happened, in words.</summary>
    public string Note { get; init; } = "";

    /// <summary>What was booked already, in words.</summary>
    public string Booked { get; init; } = "";

    /// <summary>What a person should do now.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>Who closed it, when and why; null while it is open.</summary>
    public CaseClosing? Closing { get; init; }

    /// <summary>Whether it still waits for a person.</summary>
    public bool IsOpen => Closing is null;
}

/// <summary>The end of a case.</summary>
public sealed record CaseClosing(string By, long AtMs, string Note);
