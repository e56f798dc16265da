using System.Diagnostics;
using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>When a process that wants to write may: at once where nobody writes, else when the one that writes has let go, is gone, or is silent.</summary>
/// <remarks>
/// It only decides who tries. What fences is the session id: whoever takes over changes it in one statement that names the id it saw, so of two
/// that try one does, and the process before them commits nothing from then on, whatever it believes.
/// Gone = the connection of the session is closed (it holds an advisory lock named after the session), and for a moment no other took its place.
/// After a restart or failover of the database every connection is gone, and the process that writes is about to come back: so for a lease after it only silence of
/// those that let go counts.
/// Where several may, the one that is preferred does (<see cref="Preference"/>): the others leave it a moment.
/// Thread rule: one caller.
/// </remarks>
internal sealed class Succession(Database database)
{
    private const string Look =
        $"""
        SELECT session, held_by, address, renewed_at = '-infinity',
               renewed_at < clock_timestamp() - make_interval(secs => $2 / 1000.0),
               pg_try_advisory_xact_lock_shared(hashtextextended('synchub session ' || session, 0)),
               pg_postmaster_start_time() > clock_timestamp() - make_interval(secs => $2 / 1000.0), renewed_at::text, {Preference.IsNobodysSql}
        FROM writer WHERE name = $1
        """;

    private long _openedAgain;
    private long _couldSince; // take the place, but for the one that is preferred
    private bool _isClaimed;
    private Guid _goneSession;
    private long _goneSince;

    /// <summary>The process that writes, as of the last look.</summary>
    public LeadingWriter Leader { get; private set; }

    /// <summary>The connection on which this process looks had to be opened again.</summary>
    public void OnOpenedAgain()
    {
        _openedAgain = Stopwatch.GetTimestamp();
        _isClaimed = false; // it went with the connection
    }

    /// <summary>The place is taken; who is preferred waits no more.</summary>
    public async Task OnTakenAsync(NpgsqlConnection connection)
    {
        if (_isClaimed)
        {
            await Preference.LetGoAsync(connection, database.Options.Writer, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Looks once.</summary>
    /// <returns>Whether to try now, and whose place to take; null where the journal never had a writer of this name.</returns>
    public async Task<(bool MayTake, SeenWriter? Before)> LookAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (database.Options.IsPreferred && !_isClaimed)
        {
            _isClaimed = await Preference.TryClaimAsync(connection, database.Options.Writer, cancellation).ConfigureAwait(false);
        }

        await using var command = new NpgsqlCommand(Look, connection) { Parameters = { new() { Value = database.Options.Writer }, new() { Value = database.Options.LeaseMs } } };
        await using var row = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        if (!await row.ReadAsync(cancellation).ConfigureAwait(false))
        {
            return (true, null);
        }

        var session = row.GetGuid(0);
        Leader = new LeadingWriter(row.GetString(1), row.GetString(2));
        var (hasLetGo, isSilent, isGone, isYoung) = (row.GetBoolean(3), row.GetBoolean(4), row.GetBoolean(5), row.GetBoolean(6));
        var isSettled = !isYoung && (_openedAgain == 0 || Stopwatch.GetElapsedTime(_openedAgain).TotalMilliseconds > database.Options.LeaseMs);
        var isFree = hasLetGo || (isSettled && (isSilent || IsGoneForLong(session, isGone)));
        _couldSince = !isFree ? 0 : _couldSince == 0 ? Stopwatch.GetTimestamp() : _couldSince;
        var isLeftToAnother = !row.GetBoolean(8) && Stopwatch.GetElapsedTime(_couldSince).TotalMilliseconds < Preference.GraceMs;
        return (isFree && !isLeftToAnother, new SeenWriter(session, row.GetString(7)));
    }

    /// <summary>The writer as of a look: whoever takes its place names both, so that one that has said something since keeps it.</summary>
    internal readonly record struct SeenWriter(Guid Session, string RenewedAt);

    private bool IsGoneForLong(Guid session, bool isGone)
    {
        if (!isGone || session != _goneSession)
        {
            (_goneSession, _goneSince) = (isGone ? session : default, Stopwatch.GetTimestamp());
            return false;
        }

        return Stopwatch.GetElapsedTime(_goneSince).TotalMilliseconds > database.Options.GoneMs;
    }
}
