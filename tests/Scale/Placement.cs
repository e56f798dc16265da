using static System.FormattableString;

namespace SyncHub.Scale;

/// <summary>Every member put where the product's hash puts it.</summary>
internal static class Placement
{
    /// <summary>How even it is over partitions, databases and hubs.</summary>
    public static Outcome Run(ScaleOptions options)
    {
        var members = new long[options.Partitions];
        for (long member = 0; member < options.Members; member++)
        {
            members[Dice.Member(member).Slot(members.Length)]++;
        }

        var world = new World(options);
        world.Time.RunTo(4_000L * options.LeaseMs);
        var byHub = world.Partitions.GroupBy(partition => partition.Owner!.Address).Select(own => own.Sum(partition => members[partition.Number])).ToArray();
        var byDatabase = world.Partitions.GroupBy(partition => partition.Database.Number).Select(own => own.Sum(partition => members[partition.Number])).ToArray();
        return new Outcome(Invariant($"Placement of {options.Members:N0} members"),
        [
            (Invariant($"members of a partition ({options.Partitions})"), Describe(members)),
            (Invariant($"members of a database ({options.Databases})"), Describe(byDatabase)),
            (Invariant($"members of a hub ({options.Hubs})"), Describe(byHub)),
            ("partitions of a hub", Describe([.. world.Partitions.GroupBy(partition => partition.Owner!.Address).Select(own => (long)own.Count())])),
        ]);
    }

    /// <summary>Mean, largest, and how far they are apart.</summary>
    public static string Describe(IReadOnlyCollection<long> counts) => Invariant($"mean {counts.Average():N0}, max {counts.Max():N0}, max/mean {counts.Max() / Math.Max(counts.Average(), 1e-9):0.000}");
}
