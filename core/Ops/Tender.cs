namespace SyncHub.Core.Ops;

/// <summary>How a top-up was paid.</summary>
public enum Tender
{
    /// <summary>Not said; ops written before it could be said were paid in cash.</summary>
    Unspecified = 0,

    /// <summary>Cash in the drawer.</summary>
    Cash = 1,

    /// <summary>A card that its issuer approved at once.</summary>
    CardOnline = 2,

    /// <summary>A card whose payment is only stored and sent later: it may still be declined.</summary>
    CardStoreAndForward = 3,
}
