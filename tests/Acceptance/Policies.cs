using SyncHub.Core.Members;

namespace SyncHub.Acceptance;

/// <summary>The placement policies that are compared.</summary>
internal static class Policies
{
    /// <summary>Name and settings; null settings = nothing is placed and nothing is decided at stores.</summary>
    public static IReadOnlyList<(string Name, PlacementPolicy? Policy)> All =>
    [
        ("hub only", null),
        ("placed nowhere", new PlacementPolicy { UsualStores = 0 }),
        ("one store", new PlacementPolicy { UsualStores = 1 }),
        ("default", new PlacementPolicy()),
        ("floor unseen", new PlacementPolicy { FloorWorthPermille = 0, StrandedWithFloorPermille = 300 }),
        ("stranding ignored", new PlacementPolicy { StrandedPermille = 0, StrandedWithFloorPermille = 0 }),
        ("stranding as bad", new PlacementPolicy { StrandedPermille = 1000, StrandedWithFloorPermille = 1000 }),
        ("every gain", new PlacementPolicy { MinGainPermille = 5 }),
    ];
}
