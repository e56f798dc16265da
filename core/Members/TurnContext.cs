using SyncHub.Core.Cases;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Members;

/// <summary>What a turn may look at besides the member's own state.</summary>
public interface ITurnContext
{
    /// <summary>The hub's clock, Unix milliseconds; recorded, never decided by.</summary>
    long NowMs { get; }

    /// <summary>How rights are placed.</summary>
    PlacementPolicy Policy { get; }

    /// <summary>The most that one store may have advanced to one member without a right and unsettled: min(f, Phi); 0 = no floor.</summary>
    long FloorLimitMinor => 0;

    /// <summary>Whether a holder is the living incarnation of its store and connected now. A wrong answer costs time, never money.</summary>
    bool IsOnline(Holder holder);

    /// <summary>The connected incarnation of a store, or null.</summary>
    Holder? OnlineHolder(StoreId store);

    /// <summary>Whether the hub was restored and some store has not been heard out: nothing is granted, and a free pool may be negative for a while.</summary>
    bool IsReconciling => false;

    /// <summary>
    /// The newest day close (or end of incarnation) of a holder up to which the hub has its whole log, durable and applied; 0 for none. Too low a
    /// number keeps refund rights where they are; too high a one would give a right two owners.
    /// </summary>
    long ClosedUpTo(Holder holder) => 0;

    /// <summary>The account that bears what a holder turns out to have done with what was reclaimed from it; null for a holder from which nothing was.</summary>
    string? ReclaimPayer(Holder holder) => null;

    /// <summary>A number never used before for an ask, so that a late answer to an old one is recognised.</summary>
    long NextAsk();
}

/// <summary>An event that a turn applied, with the version that it made and what an op came to.</summary>
public readonly record struct AppliedEvent(MemberEvent Event, long Version, long RecordedAtMs, OpOutcome? Outcome);

/// <summary>What a turn did: events to write, effects to release once they are durable, and whether followers should hear of it.</summary>
public sealed class TurnResult
{
    /// <summary>Events in order.</summary>
    public List<AppliedEvent> Events { get; } = new(1); // nearly always one

    /// <summary>Cases to open in the commit of the events.</summary>
    public List<Case> Cases { get; } = [];

    /// <summary>Phones and cards that the member claims or releases with the events.</summary>
    public List<ClaimChange> Claims { get; } = [];

    /// <summary>What has to be gone on with after a crash, or has to be no more.</summary>
    public List<UnderWay> UnderWay { get; } = [];

    /// <summary>Effects in order.</summary>
    public List<MemberEffect> Effects { get; } = new(1);
}
