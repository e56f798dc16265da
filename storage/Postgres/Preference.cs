using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>Which of several processes should write, where that can be chosen: one that is preferred holds a lock in the database while it waits for its turn, so that nobody believes in one that is gone.</summary>
/// <remarks>It decides who tries and who lets go, never who may commit: that is the session's (<see cref="WriterSession"/>). Locks are of one database, so the name has the schema in it.</remarks>
internal static class Preference
{
    /// <summary>How long, in milliseconds, others leave a place to the one that is preferred before they take it: it looks ten times a second, unless it is frozen.</summary>
    public const int GraceMs = 2_000;

    /// <summary>SQL: whether nobody, but for whoever asks, waits and is preferred. $1 is the writer's name.</summary>
    public const string IsNobodysSql = $"pg_try_advisory_xact_lock_shared({Key})";

    private const string Key = "hashtextextended('synchub prefers ' || current_schema() || ' ' || $1, 0)";

    /// <summary>Says that who waits on this connection is preferred.</summary>
    /// <returns>False where somebody else says so, or looked at this moment.</returns>
    public static Task<bool> TryClaimAsync(NpgsqlConnection connection, string writer, CancellationToken cancellation) => RunAsync($"SELECT pg_try_advisory_lock({Key})", connection, writer, cancellation);

    /// <summary>Takes it back: it waits no more.</summary>
    public static Task<bool> LetGoAsync(NpgsqlConnection connection, string writer, CancellationToken cancellation) => RunAsync($"SELECT pg_advisory_unlock({Key})", connection, writer, cancellation);

    private static async Task<bool> RunAsync(string sql, NpgsqlConnection connection, string writer, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = writer } } };
        return (bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }
}
