using Microsoft.Extensions.Logging;
using SyncHub.Core.Primitives;

namespace SyncHub.Agent.Hosting;

/// <summary>Where a store keeps its part of each cell: the data folder is the first one's, <c>&lt;DataDirectory&gt;.cell-2</c> beside it the second one's, each with its guard, keys and machine key beside it.</summary>
internal static class CellFolders
{
    /// <summary>The folder of a cell.</summary>
    public static string PathOf(string dataDirectory, int number) =>
        number == 1 ? dataDirectory : FormattableString.Invariant($"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(dataDirectory))}.cell-{number}");

    /// <summary>The identities of a store, one for each cell, in order.</summary>
    /// <exception cref="AgentStartException">One is missing or another store's, or the hubs are not those of so many cells.</exception>
    public static IReadOnlyList<StoreIdentity> Read(AgentOptions options)
    {
        var first = StoreIdentity.Read(options.DataDirectory);
        if (options.HubsByCell.Count != first.Cells)
        {
            throw new AgentStartException($"HubAddress: '{options.HubAddress}' names the hubs of {options.HubsByCell.Count} cells, but this store's chain has {first.Cells}. Name those of each cell in order, with ; between the cells.", AgentStartException.BadOptions);
        }

        var all = new StoreIdentity[first.Cells];
        for (var number = 1; number <= first.Cells; number++)
        {
            var folder = PathOf(options.DataDirectory, number);
            var identity = number == 1 ? first : StoreIdentity.Read(folder);
            if (identity.Store != first.Store || identity.InCell != new Cell(number, first.Cells) || identity.Authority != first.Authority)
            {
                throw new AgentStartException($"{folder} is of store {identity.Store} in cell {identity.InCell}; it should be of store {first.Store} in cell {number}/{first.Cells}, of the same chain. Put the right folder back, or replace this machine (`synchub store replace`).", AgentStartException.BadOptions);
            }

            ThrowIfUnlike(options, identity, folder);
            all[number - 1] = identity;
        }

        return all;
    }

    /// <summary>Writes down where the hubs are, for a start where nobody names them. What cannot be written, on a full disk, is written at the next start.</summary>
    /// <returns>The identities with those hubs.</returns>
    public static IReadOnlyList<StoreIdentity> KeepHubs(AgentOptions options, IReadOnlyList<StoreIdentity> identities, ILogger log) => [.. identities.Select(identity =>
    {
        var hubs = options.ForCell(identity.InCell).HubAddresses;
        if (identity.Hubs.SequenceEqual(hubs, StringComparer.Ordinal))
        {
            return identity;
        }

        identity = identity with { Hubs = hubs };
        try
        {
            identity.Write(PathOf(options.DataDirectory, identity.InCell.Number));
        }
        catch (IOException fault)
        {
            log.LogWarning("Where the hubs are could not be written down: {Reason} Free space on the disk; until then each start has to name them.", fault.Message);
        }

        return identity;
    })];

    private static void ThrowIfUnlike(AgentOptions options, StoreIdentity identity, string folder)
    {
        if (identity.Authority.Length == 0 != options.InsecureLoopback)
        {
            throw new AgentStartException(
                options.InsecureLoopback ? $"--insecure-loopback: {folder} was enrolled at a hub with certificates. Start it without the option."
                    : $"{folder} was enrolled with --insecure-loopback. Start it alike, or enrol in a new folder.",
                AgentStartException.BadOptions);
        }
    }
}
