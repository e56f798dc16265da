using SyncHub.Core.Credit;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>A member's state at one version, unchangeable, to be read anywhere.</summary>
public sealed record MemberView
{
    private static readonly Dictionary<Holder, FloorLine> NoFloor = [];

    /// <summary>Who.</summary>
    public required MemberId Id { get; init; }

    /// <summary>Which version.</summary>
    public required long Version { get; init; }

    /// <summary>Whether the member was registered.</summary>
    public required bool Registered { get; init; }

    /// <summary>Personal data.</summary>
    public required MemberProfile Profile { get; init; }

    /// <summary>What tiers are computed from.</summary>
    public required long LifetimeSpendMinor { get; init; }

    /// <summary>The largest recent payment.</summary>
    public required long LargestBasketMinor { get; init; }

    /// <summary>When the hub wrote it.</summary>
    public required long RecordedAtMs { get; init; }

    /// <summary>The buckets with all their lines.</summary>
    public required IReadOnlyList<BucketView> Buckets { get; init; }

    /// <summary>Principal by origin.</summary>
    public required IReadOnlyList<PrincipalParcel> Parcels { get; init; }

    /// <summary>The member that this one was merged into; default for a member of its own.</summary>
    public MemberId AliasOf { get; init; }

    /// <summary>Members that were merged into this one.</summary>
    public IReadOnlyList<MemberId> Aliases { get; init; } = [];

    /// <summary>What stores hold on right lines of aliases; not part of the buckets.</summary>
    public IReadOnlyList<Holding> HeldByAliases { get; init; } = [];

    /// <summary>How much the member may owe by HQ's limit.</summary>
    public long CreditLimitMinor { get; init; }

    /// <summary>What the member owes, under all of its ids.</summary>
    public long ReceivableMinor { get; init; }

    /// <summary>What stores advanced without a right, by holder.</summary>
    public IReadOnlyDictionary<Holder, FloorLine> Floor { get; init; } = NoFloor;

    /// <summary>Tags by the op that added them.</summary>
    public IReadOnlyList<TagDot> Tags { get; init; } = [];

    /// <summary>Contact fields with a newer value that nobody has proved yet.</summary>
    public IReadOnlyList<FieldChange> Pending { get; init; } = [];

    /// <summary>The newest stamp of the profile, which stores' clocks move on from.</summary>
    public Hlc NewestStamp { get; init; }

    /// <summary>Whether the personal data were erased.</summary>
    public bool IsErased { get; init; }

    /// <summary>The newest op of each holder about this member, ordered by holder.</summary>
    public IReadOnlyList<OpId> Applied { get; init; } = [];

    /// <summary>Copies <paramref name="state"/>.</summary>
    public static MemberView Of(MemberState state) => new()
    {
        Id = state.Id,
        Version = state.Version,
        Registered = state.Registered,
        Profile = state.Profile,
        LifetimeSpendMinor = state.TotalSpendMinor,
        LargestBasketMinor = state.LargestBasketMinor,
        RecordedAtMs = state.RecordedAtMs,
        Buckets = CopyOf(state.Buckets),
        Parcels = [.. state.Parcels],
        Tags = state.Personal.TagDots,
        Pending = state.Personal.Pending,
        NewestStamp = state.Personal.Newest,
        IsErased = state.IsErased,
        Applied = CopyOf(state.Applied),
        AliasOf = state.AliasOf,
        Aliases = [.. state.Aliases.Keys],
        HeldByAliases = [.. state.HeldByAliases],
        CreditLimitMinor = state.Credit.LimitMinor,
        ReceivableMinor = state.TotalReceivableMinor,
        Floor = state.Credit.Floor.Count == 0 ? NoFloor : state.Credit.Floor.ToDictionary(),
    };

    /// <summary>The newest op of a holder about this member; 0 where there is none.</summary>
    public long AppliedOf(Holder holder)
    {
        foreach (var op in Applied)
        {
            if (op.Holder == holder)
            {
                return op.Sequence;
            }
        }

        return 0;
    }

    // Each op that is decided is copied for the stores that follow its member: no enumerators, no collections that grow.
    private static BucketView[] CopyOf(List<BucketState> buckets)
    {
        var copies = new BucketView[buckets.Count];
        for (var i = 0; i < copies.Length; i++)
        {
            copies[i] = BucketView.Of(buckets[i]);
        }

        return copies;
    }

    private static OpId[] CopyOf(SortedDictionary<Holder, long> applied)
    {
        var copies = new OpId[applied.Count];
        var count = 0;
        foreach (var (holder, sequence) in applied)
        {
            copies[count++] = new OpId(holder, sequence);
        }

        return copies;
    }
}

/// <summary>One bucket of a <see cref="MemberView"/>.</summary>
public sealed record BucketView(Bucket Bucket, long Total, long Pool, long Loss, IReadOnlyList<LineView> Lines)
{
    /// <summary>What left it unspent.</summary>
    public long Breakage { get; init; }

    /// <summary>Copies <paramref name="state"/>.</summary>
    public static BucketView Of(BucketState state)
    {
        var lines = new LineView[state.Lines.Count];
        for (var i = 0; i < lines.Length; i++)
        {
            var line = state.Lines[i];
            lines[i] = new LineView(line.Holder, line.Granted, line.Credited, line.Debited, line.Relinquished, line.Disowned, line.Outstanding, line.Payer);
        }

        return new BucketView(state.Bucket, state.Total, state.Pool, state.Loss, lines) { Breakage = state.Breakage };
    }
}

/// <summary>One right line of a <see cref="MemberView"/>.</summary>
public readonly record struct LineView(Holder Holder, long Granted, long Credited, long Debited, long Relinquished, long Disowned, long Outstanding, string Payer = "");
