using System.Globalization;
using SyncHub.Core.Primitives;
using SyncHub.Storage;
using SyncHub.Storage.Files;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Agent.Hosting;

/// <summary>Gives a data folder a new identity: what was in it is moved aside, and the store begins a new life there.</summary>
/// <remarks>
/// The hub is asked first, so that a wrong code changes nothing. Everything stays within the folder, which may be a mount of its own.
/// Crash rule: a folder without <c>identity.json</c> does not start; doing it again with a new code goes on.
/// </remarks>
public static class AgentReplacement
{
    /// <summary>Moves the old database and its guard into a folder beside them, and enrols; for each cell of the chain.</summary>
    /// <param name="options">The folder, made where there is none, and the hubs.</param>
    /// <param name="code">The one-time code from <c>synchub store replace</c>; one for each cell, with + between them.</param>
    /// <param name="now">Names the folder of what was there.</param>
    /// <returns>The new identity, and where the old files lie; none where there were none.</returns>
    /// <exception cref="AgentStartException">An agent runs in the folder, or a hub refused; of the cell that refused nothing was moved.</exception>
    public static async Task<(StoreIdentity Identity, IReadOnlyList<string> Aside)> RunAsync(AgentOptions options, string code, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(options);
        PrivateFile.CreateFolder(options.DataDirectory);
        ThrowIfRunning(options.DataDirectory);
        var codes = AgentEnrolment.CodesOf(options, code);
        var moved = new List<string>();
        StoreIdentity? identity = null;
        for (var number = codes.Count; number >= 1; number--)
        {
            var directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(CellFolders.PathOf(options.DataDirectory, number)));
            PrivateFile.CreateFolder(directory);
            using var enrolled = await AgentEnrolment.AskAsync(options, new Cell(number, codes.Count), codes[number - 1], renews: false);
            AgentEnrolment.DemandCell(enrolled, number, codes.Count, identity);
            ThrowIfOfAnother(directory, enrolled.Identity);
            var aside = Path.Combine(directory, "replaced-" + now.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture));
            if (MoveAside(directory, aside))
            {
                moved.Add(aside);
            }

            enrolled.Write(directory); // over the old key, which the hub takes no more
            identity = enrolled.Identity;
        }

        return (identity!, moved);
    }

    // The identity first: without it nothing starts here, whatever else was moved.
    private static bool MoveAside(string directory, string aside)
    {
        string[] names = ["identity.json", .. Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).Where(name => name != "identity.json")];
        var isMoved = false;
        foreach (var name in names.Where(name => File.Exists(Path.Combine(directory, name))))
        {
            Directory.CreateDirectory(aside);
            File.Move(Path.Combine(directory, name), Path.Combine(aside, name));
            isMoved = true;
        }

        // A guard that speaks of another database would lock the new one, and the new one has keys of its own.
        foreach (var extension in ((string[])[".guard", KeyRing.Extension]).Where(extension => File.Exists(directory + extension)))
        {
            File.Move(directory + extension, aside + extension);
        }

        return isMoved;
    }

    private static void ThrowIfRunning(string directory)
    {
        try
        {
            SqliteJournal.ThrowIfInUse(Path.Combine(directory, "agent.db"));
        }
        catch (JournalUnavailableException fault)
        {
            throw new AgentStartException($"An agent runs in this folder, or it cannot be written: {fault.Message}", AgentStartException.BadOptions, fault);
        }
    }

    // A code for one store must not take the folder of another.
    private static void ThrowIfOfAnother(string directory, StoreIdentity enrolled)
    {
        if (StoreOf(directory) is { } known && known != enrolled.Store)
        {
            throw new AgentStartException($"{directory} is the folder of store {known}, but the code was for store {enrolled.Store}. Nothing was moved; ask headquarters for a new code for the right store.", AgentStartException.BadOptions);
        }
    }

    // Null where there is no identity, or a damaged one: that is what is replaced.
    private static int? StoreOf(string directory)
    {
        try
        {
            return StoreIdentity.ExistsIn(directory) ? StoreIdentity.Read(directory).Store : null;
        }
        catch (AgentStartException)
        {
            return null;
        }
    }
}
