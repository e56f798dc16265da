using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Members;
using SyncHub.Hub.Refunds;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sync;

namespace SyncHub.Hub.Grains;

/// <summary>What a grain may look at besides itself, taken from the living hub.</summary>
internal sealed class TurnContext(TimeProvider time, PlacementPolicy policy, RulesetInForce rules, LinkDirectory links, StoreRegistry stores, ClaimBook claims, MergeWork work, ClosedDays? closed = null) : ITurnContext
{
    // Starts at the clock so that an ask of a former hub process is never mistaken for one of this process; only freshness depends on it.
    private long _ask = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    /// <summary>The chain's rules.</summary>
    public RulesetInForce Rules { get; } = rules;

    /// <summary>Who has which phone and card.</summary>
    public ClaimBook Claims { get; } = claims;

    /// <summary>The chain's stores.</summary>
    public StoreRegistry Stores => stores;

    /// <summary>What is under way between members.</summary>
    public MergeWork Work { get; } = work;

    /// <inheritdoc/>
    public long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public PlacementPolicy Policy { get; } = policy;

    /// <inheritdoc/>
    public long FloorLimitMinor => Rules.Rules.Floor.LimitMinor;

    /// <inheritdoc/>
    public bool IsOnline(Holder holder) => links.Find(holder.Store) is { IsOnline: true } link && link.Holder == holder;

    /// <inheritdoc/>
    public Holder? OnlineHolder(StoreId store) => links.Find(store) is { IsOnline: true } link ? link.Holder : null;

    /// <inheritdoc/>
    public bool IsReconciling => stores.IsReconciling;

    // protocol.md 1.17: a hub that was restored may have forgotten where a right went.
    /// <inheritdoc/>
    public long ClosedUpTo(Holder holder) => stores.IsReconciling ? 0 : closed?.UpTo(holder) ?? 0;

    /// <inheritdoc/>
    public string? ReclaimPayer(Holder holder) =>
        stores.IsReconciling || stores.Find(holder.Store)?.Lives.Find(holder.Incarnation) is not { Release: Core.Identity.ReleaseKind.Reclaimed } life ? null
            : life.Payer.Length > 0 ? life.Payer : Accounts.Loss(holder.Store);

    /// <inheritdoc/>
    public long NextAsk() => Interlocked.Increment(ref _ask);
}
