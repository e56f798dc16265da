namespace SyncHub.Acceptance;

/// <summary>What one replay came to. Tallies of several seeds are added up.</summary>
public sealed class Tally
{
    /// <summary>Frames by kind.</summary>
    public long[] Frames { get; } = new long[Enum.GetValues<Frame>().Length];

    /// <summary>Purchases at stores that were online.</summary>
    public long Online { get; set; }

    /// <summary>Of those, declined although the wallet is large enough.</summary>
    public long OnlineDeclined { get; set; }

    /// <summary>Purchases at stores that were offline.</summary>
    public long Offline { get; set; }

    /// <summary>Of those, approved.</summary>
    public long OfflineApproved { get; set; }

    /// <summary>Of those, approved beyond the rights, up to the floor.</summary>
    public long FloorUsed { get; set; }

    /// <summary>Purchases, at whatever store, that its own rights would have covered had it been offline just then: the same question as
    /// <see cref="OfflineApproved"/>, asked at every sale instead of at the few that fall into an outage.</summary>
    public long Ready { get; set; }

    /// <summary>Offline, declined: the member had never been at this store.</summary>
    public long NeverVisited { get; set; }

    /// <summary>Offline, declined: enough lies free at the hub.</summary>
    public long FreeAtHub { get; set; }

    /// <summary>Offline, declined: one other store holds what is missing.</summary>
    public long HeldElsewhere { get; set; }

    /// <summary>Offline, declined: it lies in several places.</summary>
    public long Spread { get; set; }

    /// <summary>Offline purchases that follow on a visit to that store or on a reload there: what could be approved at most without a floor.</summary>
    public long Reachable { get; set; }

    /// <summary>Reloads, anywhere.</summary>
    public long Reloads { get; set; }

    /// <summary>Value at offline stores, summed over online purchases, minor units.</summary>
    public Int128 StrandedMinor { get; set; }

    /// <summary>The wallets of the members of these purchases, minor units.</summary>
    public Int128 WalletMinor { get; set; }

    /// <summary>What all purchases come to, minor units.</summary>
    public Int128 TurnoverMinor { get; set; }

    /// <summary>Advances that nobody has paid back, minor units.</summary>
    public Int128 OpenAdvanceMinor { get; set; }

    /// <summary>All purchases.</summary>
    public long Sales => Online + Offline;

    /// <summary>Frames about rights and identification.</summary>
    public long RightsFrames => Frames[..(int)Frame.MemberDelta].Sum();

    /// <summary>Counts one frame.</summary>
    public void Count(Frame frame) => Frames[(int)frame]++;

    /// <summary>Adds another tally.</summary>
    public void Add(Tally other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (var i = 0; i < Frames.Length; i++)
        {
            Frames[i] += other.Frames[i];
        }

        Online += other.Online;
        OnlineDeclined += other.OnlineDeclined;
        Offline += other.Offline;
        OfflineApproved += other.OfflineApproved;
        FloorUsed += other.FloorUsed;
        Ready += other.Ready;
        NeverVisited += other.NeverVisited;
        FreeAtHub += other.FreeAtHub;
        HeldElsewhere += other.HeldElsewhere;
        Spread += other.Spread;
        Reachable += other.Reachable;
        Reloads += other.Reloads;
        StrandedMinor += other.StrandedMinor;
        WalletMinor += other.WalletMinor;
        TurnoverMinor += other.TurnoverMinor;
        OpenAdvanceMinor += other.OpenAdvanceMinor;
    }
}
