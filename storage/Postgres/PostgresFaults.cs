using System.Net.Sockets;
using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>From PostgreSQL's error codes to the journal's faults, each with the way out.</summary>
internal static class PostgresFaults
{
    /// <summary>The schema's own codes: a fence said no.</summary>
    public const string Conflict = "SH001";

    /// <inheritdoc cref="Conflict"/>
    public const string OtherSession = "SH002";

    /// <inheritdoc cref="Conflict"/>
    public const string OtherOwner = "SH003";

    /// <summary>True where the database said no and the transaction is rolled back for sure; false where the connection broke and nobody knows.</summary>
    /// <remarks>Classes 57P and 08 end the connection: the error may have come after the commit was written.</remarks>
    public static bool IsAnswer(Exception error) =>
        error is PostgresException { SqlState: var state, Severity: not ("FATAL" or "PANIC") } && !state.StartsWith("57P", StringComparison.Ordinal) && !state.StartsWith("08", StringComparison.Ordinal);

    /// <summary>True where trying again later may help: the database is down, starting, failing over, out of connections, or it ended a transaction that stood still for a lease.</summary>
    public static bool IsTransient(Exception error) => error switch
    {
        PostgresException answer => answer.SqlState.StartsWith("57P", StringComparison.Ordinal) || answer.SqlState.StartsWith("08", StringComparison.Ordinal)
            || answer.SqlState.StartsWith("40", StringComparison.Ordinal) || answer.SqlState is "53300" or "55P03" or "25006" or "55006" or "25P03",
        NpgsqlException or IOException or SocketException or TimeoutException or OperationCanceledException or ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>True where the batch itself is to blame, so that the others of its group can go on.</summary>
    public static bool BlamesTheBatch(PostgresException error) =>
        error.SqlState.StartsWith("23", StringComparison.Ordinal) || error.SqlState.StartsWith("22", StringComparison.Ordinal) || error.SqlState is "54000" or Conflict;

    public static JournalUnavailableException From(Exception error, string name)
    {
        var (fault, wayOut) = (error as PostgresException)?.SqlState switch
        {
            "53100" => (JournalFault.DiskFull, "No space left on the database's disk: free some or enlarge it; the next commit tries again by itself."),
            "25006" => (JournalFault.ReadOnly, "The database is a standby or read-only: give all servers of the cluster in Host (Host=a,b), so that the primary is found."),
            "XX001" or "XX002" => (JournalFault.Corrupt, "The database found damage: stop the hub, keep a copy, run pg_amcheck, and restore with PostgreSQL's own tools."),
            "55P03" => (JournalFault.Locked, "A table of the journal is locked by another session: look into pg_locks and end it."),
            "28P01" or "28000" => (JournalFault.InputOutput, "The database refused the user or the password: correct the connection string."),
            "3D000" => (JournalFault.InputOutput, "There is no such database: create it, or correct the connection string."),
            "42501" => (JournalFault.ReadOnly, "The user may not do this: let the hub's user own the schema."),
            "58030" => (JournalFault.InputOutput, "The database's disk failed to read or write: check its system log and the disk's health."),
            null => (JournalFault.InputOutput, "Check that the database runs and that this machine reaches it (host, port, firewall)."),
            _ => (JournalFault.Unspecified, "Unexpected: look into the database's log and report this."),
        };
        return new JournalUnavailableException(fault, $"{name}: {error.Message} {wayOut}", error);
    }

    public static JournalUnavailableException Closed(string name, JournalUnavailableException? reason) =>
        reason is null
            ? new(JournalFault.Closed, $"{name}: the journal is closed. Open it again to go on.")
            : new(JournalFault.Closed, $"{name}: the journal closed itself. Remove the cause and restart the process. The cause: {reason.Message}", reason);

    public static JournalUnavailableException TakenOver(string name, string writer) =>
        new(JournalFault.Locked, $"{name}: another process writes as {writer} now; this one has lost the right to and committed nothing since. Start it again: it stands by then.");
}
