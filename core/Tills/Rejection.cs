namespace SyncHub.Core.Tills;

/// <summary>Why a till's request was refused: a closed set, in order of precedence. A refused request changes nothing.</summary>
public enum RejectionCode
{
    /// <summary>Not refused.</summary>
    Unspecified = 0,

    /// <summary>A field is missing or too long.</summary>
    InvalidRequest = 1,

    /// <summary>Zero, negative or too large.</summary>
    InvalidAmount = 2,

    /// <summary>This store does not know the member.</summary>
    UnknownMember = 3,

    /// <summary>The agent may be missing a part of its past.</summary>
    AgentLocked = 4,

    /// <summary>The agent cannot write to its disk.</summary>
    StorageUnavailable = 5,

    /// <summary>The wallet as a whole is too small.</summary>
    InsufficientFunds = 6,

    /// <summary>The wallet is large enough, but the right to spend it lies elsewhere.</summary>
    InsufficientRights = 7,

    /// <summary>This store did not log such an op.</summary>
    UnknownOp = 8,

    /// <summary>The op was voided.</summary>
    AlreadyVoided = 9,

    /// <summary>More than is left of the sale.</summary>
    RefundTooLarge = 10,

    /// <summary>The rules do not allow these points to be used this way.</summary>
    NotRedeemable = 11,

    /// <summary>The request id was used for another request.</summary>
    RequestIdReused = 12,

    /// <summary>Another member has this phone or card.</summary>
    DuplicateClaim = 13,

    /// <summary>Too much was topped up here that the hub has not confirmed.</summary>
    TopUpLimit = 18,

    /// <summary>The payment of a pending top-up was decided before.</summary>
    TenderDecided = 19,
    /// <summary>The right to undo the op is not at this store.</summary>
    RefundRightElsewhere = 27,

    /// <summary>The store has not heard headquarters for longer than it may.</summary>
    LeaseEnded = 31,

    /// <summary>No cashier is signed in at the till.</summary>
    NotSignedIn = 40,

    /// <summary>The name or the PIN is wrong.</summary>
    WrongPin = 41,

    /// <summary>Too many wrong PINs.</summary>
    PinLocked = 42,

    /// <summary>A second person has to approve it.</summary>
    ApprovalNeeded = 43,
}

/// <summary>A refusal with what to do about it.</summary>
public sealed record Rejection(RejectionCode Code, string Message)
{
    /// <summary>Rights that would let the request through, where that is what is missing.</summary>
    public IReadOnlyList<GrantTarget> Wanted { get; init; } = [];

    /// <summary>Whether the request would go through on account.</summary>
    public bool CouldUseCredit { get; init; }
}

/// <summary>The g of one line that would suffice.</summary>
public readonly record struct GrantTarget(Wallets.Bucket Bucket, long Granted);
