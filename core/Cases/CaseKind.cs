namespace SyncHub.Core.Cases;

/// <summary>What a case is about. The numbers lie on the disk: kinds are only added.</summary>
public enum CaseKind
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>A store used rights that had been reclaimed from it; a payer bears what the wallet could not.</summary>
    LiabilityReclaimed = 1,

    /// <summary>A store used rights that nobody backed: a copied or forgetful database.</summary>
    UnbackedUse = 2,

    /// <summary>An op that this version cannot book: kept, no value moved.</summary>
    ParkedOp = 3,

    /// <summary>Bytes in an op log that are no op, or name another place: kept, no value moved.</summary>
    UnreadableOp = 4,

    /// <summary>Two histories under one identity.</summary>
    Fork = 5,

    /// <summary>A second member claims a phone or card: probably one person registered twice.</summary>
    DuplicateClaim = 6,

    /// <summary>More was voided or refunded than an op had moved, or by a store without the right to it.</summary>
    RefundExceeds = 7,

    /// <summary>A store's clock is far from the hub's.</summary>
    Clock = 8,

    /// <summary>A store saw a grant that the hub never made: the hub may have lost its newest records.</summary>
    UnknownGrant = 9,

    /// <summary>Anything else that was accepted and needs a person.</summary>
    Other = 10,
}
