using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using SyncHub.Storage;
using SyncHub.Storage.Files;

namespace SyncHub.Hub;

/// <summary>How far the hub in this folder has come, beside its database and in no copy of it: the newest term that it served, and a record that it had written.</summary>
/// <remarks>
/// A restored database has forgotten the terms after it, and a clock may have gone back: a term that is given twice gives life numbers twice. And a copy that somebody puts in the
/// place of the database without saying so would grant again what stores hold already. Where the file is lost with its machine, the clock is all there is, and only the stores'
/// own numbers tell of an older copy. It lags by up to <see cref="Interval"/>, and never leads.
/// </remarks>
internal sealed class HubGuard : IAsyncDisposable
{
    private const string Name = "hub.guard";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _stop = new();
    private readonly string _directory;
    private readonly int _term;
    private readonly IJournal _journal;
    private readonly ILogger _log;
    private readonly Task _running;

    /// <summary>Writes on from now on.</summary>
    /// <exception cref="IOException">The file cannot be written: a hub that could not say which term it serves does not start.</exception>
    public HubGuard(string directory, int term, IJournal journal, ILogger log)
    {
        (_directory, _term, _journal, _log) = (directory, term, journal, log);
        Raise(directory, term, journal.LastPosition); // before a life is given in the term
        _running = RunAsync();
    }

    /// <summary>Term and position; zeros where there is no file, or nothing in it that can be read.</summary>
    public static (int Term, long Position) Read(string directory)
    {
        var path = Path.Combine(directory, Name);
        string[] words = File.Exists(path) ? File.ReadAllText(path).Split(' ') : [];
        return words.Length == 2 && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var term) && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? (term, position) : default;
    }

    /// <summary>Writes what is further than what is there.</summary>
    public static void Raise(string directory, int term, long position)
    {
        var known = Read(directory);
        if (term > known.Term || (term == known.Term && position > known.Position))
        {
            PrivateFile.Write(Path.Combine(directory, Name), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{term} {position}")));
        }
    }

    /// <summary>No hub starts on a database that ends before what it had written.</summary>
    /// <exception cref="JournalUnavailableException">It is an older copy.</exception>
    public static void Demand(string directory, int term, long position)
    {
        var known = Read(directory);
        if (term < known.Term || (term == known.Term && position < known.Position))
        {
            throw new JournalUnavailableException(JournalFault.Corrupt, string.Create(CultureInfo.InvariantCulture,
                $"The database ends at record {position} of term {term}, but the hub of {directory} had written record {known.Position} of term {known.Term}: this is an older copy, and stores hold what it has forgotten. To go back to it on purpose: `synchub hub restore`, which begins a new term and hears every store out. If the folder was another hub's, remove {Path.Combine(directory, Name)}."));
        }
    }

    /// <summary>After the last commit and before the journal is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        Advance();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
        {
            Advance();
        }
    }

    // A disk that is full must cost neither the service nor the clean stop: the guard lags until there is room.
    private void Advance()
    {
        try
        {
            Raise(_directory, _term, _journal.LastPosition);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _log.LogWarning("{File} could not be written, and an older copy of the database would be recognised later than it could be: {Reason}", Path.Combine(_directory, Name), fault.Message);
        }
    }
}
