namespace SyncHub.Simulator;

/// <summary>What may go wrong in a run, and what else people may do in it.</summary>
[Flags]
internal enum Fault
{
    None = 0,
    Crash = 1,
    Split = 2,
    Restore = 4,
    HubRestore = 8,
    Reclaim = 16,
    Clone = 32,
    Chaos = 64,
    Disk = 128,
    Clock = 256,
    Image = 512,

    /// <summary>Members are registered twice, merged and un-merged.</summary>
    Merge = 1 << 10,

    /// <summary>Profiles and tags change at tills and at HQ; members are erased.</summary>
    Person = 1 << 11,

    /// <summary>Credit limits change, stores advance up to the floor, top-ups are voided on account.</summary>
    Account = 1 << 12,

    /// <summary>Customers hand their receipts in at HQ.</summary>
    Receipts = 1 << 13,

    /// <summary>Ops on which the hub's program breaks in the midst of a turn.</summary>
    Poison = 1 << 14,

    /// <summary>Agents that are older than the hub, and newer ones.</summary>
    Versions = 1 << 15,

    /// <summary>Days close all the time, and what one store sold is undone at another.</summary>
    Refunds = 1 << 16,

    /// <summary>Months pass: lots end while stores hold them.</summary>
    Months = 1 << 17,

    /// <summary>Clocks that begin in 1970 or stand still.</summary>
    DeadClock = 1 << 18,

    /// <summary>All kinds of till ops, under rules with points, tiers, bonus steps and limits.</summary>
    Tills = 1 << 19,

    /// <summary>The hub takes a few ops at a time.</summary>
    Narrow = 1 << 20,

    /// <summary>Backups, restores of the hub and reclaims come often.</summary>
    Often = 1 << 21,

    /// <summary>Stores drop what is old and not needed any more; tills repeat what they asked not long ago.</summary>
    Retention = 1 << 22,

    /// <summary>Machines sign what they send; on the way ops are changed.</summary>
    Signed = 1 << 23,

    /// <summary>Headquarters bounds how long a store lets members spend without it.</summary>
    Lease = 1 << 24,

    /// <summary>Receipts of any store are handed in at tills.</summary>
    AtTills = 1 << 25,

    /// <summary>The disk of headquarters is full again and again, under two hubs.</summary>
    Full = 1 << 26,

    /// <summary>Quiet moments, in which a customer goes from one counter to the next and everything arrives.</summary>
    Rounds = 1 << 27,

    /// <summary>People who are registered twice have the same history, and headquarters tags both.</summary>
    Twins = 1 << 28,

    /// <summary>Members stay away, and stores unfollow them.</summary>
    Away = 1 << 29,
}

/// <summary>Named sets of faults; each seed of a set draws which of them are on (swarm).</summary>
internal static class FaultSets
{
    private const Fault Base = Fault.Crash | Fault.Chaos;
    private const Fault People = Fault.Tills | Fault.Merge | Fault.Person | Fault.Account | Fault.Receipts | Fault.Refunds | Fault.Months;

    public static readonly IReadOnlyDictionary<string, Fault> All = new SortedDictionary<string, Fault>(StringComparer.Ordinal)
    {
        ["base"] = Base,
        ["calm"] = Fault.Crash,
        ["clone"] = Base | Fault.Clone,
        ["disk"] = Fault.Crash | Fault.Disk | Fault.Clock,
        ["hubrestore"] = Base | Fault.HubRestore,
        ["image"] = Base | Fault.Image,
        ["reclaim"] = Base | Fault.Reclaim,
        ["restore"] = Base | Fault.Restore,
        ["split"] = Base | Fault.Split,
        ["all"] = Base | Fault.Split | Fault.Restore | Fault.Reclaim | Fault.Disk | Fault.Clock,
        ["max"] = Base | Fault.Split | Fault.Restore | Fault.Reclaim | Fault.HubRestore | Fault.Disk | Fault.Clock,
        ["tills"] = Base | Fault.Tills,
        ["account"] = Base | Fault.Tills | Fault.Account,
        ["copies"] = Base | Fault.Tills | Fault.Image | Fault.Clone,
        ["forget"] = Base | Fault.Tills | Fault.HubRestore | Fault.Restore | Fault.Reclaim | Fault.Often,
        ["lots"] = Base | Fault.Tills | Fault.Months,
        ["merge"] = Base | Fault.Tills | Fault.Merge,
        ["returns"] = Base | Fault.Tills | Fault.Refunds | Fault.Merge | Fault.Account,
        ["narrow"] = Base | Fault.Tills | Fault.Narrow,
        ["person"] = Base | Fault.Tills | Fault.Person | Fault.Clock | Fault.DeadClock,
        ["poison"] = Base | Fault.Tills | Fault.Poison,
        ["receipts"] = Base | Fault.Tills | Fault.Receipts | Fault.Restore | Fault.Reclaim,
        ["refunds"] = Base | Fault.Tills | Fault.Refunds,
        ["upgrade"] = Base | Fault.Tills | Fault.Versions | Fault.Refunds | Fault.Person,
        ["twins"] = Base | Fault.Tills | Fault.Merge | Fault.Person | Fault.Twins,
        ["versions"] = Base | Fault.Tills | Fault.Versions | Fault.Restore | Fault.Reclaim,
        ["full"] = Base | Fault.Tills | Fault.Split | Fault.Disk | Fault.Full,
        ["leases"] = Base | Fault.Tills | Fault.Account | Fault.Clock | Fault.Lease,
        ["away"] = Base | Fault.Tills | Fault.Restore | Fault.Image | Fault.HubRestore | Fault.Reclaim | Fault.Merge | Fault.Person | Fault.Away,
        ["leavers"] = Base | Fault.Tills | Fault.Account | Fault.Person | Fault.Away,
        ["apart"] = Base | People | Fault.Split | Fault.Restore | Fault.Image | Fault.Reclaim | Fault.HubRestore | Fault.Clone | Fault.Disk | Fault.Clock | Fault.Retention | Fault.Versions | Fault.Away,
        ["old"] = Base | Fault.Tills | Fault.Refunds | Fault.Restore | Fault.Reclaim | Fault.Retention,
        ["rounds"] = Base | Fault.Tills | Fault.Refunds | Fault.Merge | Fault.Account | Fault.Rounds,
        ["signed"] = Base | Fault.Tills | Fault.Restore | Fault.Clone | Fault.Reclaim | Fault.HubRestore | Fault.Signed,
        ["handed"] = Base | Fault.Tills | Fault.Receipts | Fault.Restore | Fault.Reclaim | Fault.HubRestore | Fault.AtTills,
        ["entire"] = Base | People | Fault.Split | Fault.Restore | Fault.Image | Fault.Reclaim | Fault.HubRestore | Fault.Clone | Fault.Disk | Fault.Poison | Fault.Retention | Fault.Signed | Fault.Lease | Fault.AtTills,
        ["whole"] = Base | People | Fault.Split | Fault.Restore | Fault.Reclaim | Fault.Disk | Fault.Clock | Fault.DeadClock | Fault.Poison | Fault.Versions,
        ["utmost"] = Base | People | Fault.Split | Fault.Restore | Fault.Image | Fault.Reclaim | Fault.HubRestore | Fault.Clone | Fault.Disk | Fault.Clock | Fault.DeadClock | Fault.Poison | Fault.Versions,
    };
}
