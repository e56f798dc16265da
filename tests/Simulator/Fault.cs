namespace SyncHub.Simulator;

/// <summary>What may go wrong in a run.</summary>
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
}

/// <summary>Named sets of faults; each seed of a set draws which of them are on (swarm).</summary>
internal static class FaultSets
{
    public static readonly IReadOnlyDictionary<string, Fault> All = new SortedDictionary<string, Fault>(StringComparer.Ordinal)
    {
        ["base"] = Fault.Crash | Fault.Chaos,
        ["calm"] = Fault.Crash,
        ["clone"] = Fault.Crash | Fault.Chaos | Fault.Clone,
        ["disk"] = Fault.Crash | Fault.Disk | Fault.Clock,
        ["hubrestore"] = Fault.Crash | Fault.Chaos | Fault.HubRestore,
        ["image"] = Fault.Crash | Fault.Chaos | Fault.Image,
        ["reclaim"] = Fault.Crash | Fault.Chaos | Fault.Reclaim,
        ["restore"] = Fault.Crash | Fault.Chaos | Fault.Restore,
        ["split"] = Fault.Crash | Fault.Chaos | Fault.Split,
        ["all"] = Fault.Crash | Fault.Chaos | Fault.Split | Fault.Restore | Fault.Reclaim | Fault.Disk | Fault.Clock,
        ["max"] = Fault.Crash | Fault.Chaos | Fault.Split | Fault.Restore | Fault.Reclaim | Fault.HubRestore | Fault.Disk | Fault.Clock,
    };
}
