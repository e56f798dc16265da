using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace SyncHub.Bench.Peers;

/// <summary>PostgreSQL's own benchmark as the peer: one stored function per op, which locks the member's row and appends to a journal.</summary>
internal sealed partial class PgBench(string connectionString, int members, int payloadBytes)
{
    private const string Setup =
        """
        DROP SCHEMA IF EXISTS peer CASCADE; CREATE SCHEMA peer;
        CREATE TABLE peer.member (id integer PRIMARY KEY, balance bigint NOT NULL, version bigint NOT NULL) WITH (fillfactor = 50);
        CREATE TABLE peer.journal (position bigserial PRIMARY KEY, member integer NOT NULL, version bigint NOT NULL, payload bytea NOT NULL, UNIQUE (member, version));
        INSERT INTO peer.member SELECT n, 0, 0 FROM generate_series(1, {0}) AS n;
        CREATE FUNCTION peer.apply(who integer, amount bigint, op bytea) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE newest bigint;
        BEGIN
            UPDATE peer.member SET balance = balance + amount, version = version + 1 WHERE id = who RETURNING version INTO newest;
            INSERT INTO peer.journal (member, version, payload) VALUES (who, newest, op);
            RETURN newest;
        END $$;
        """;

    private static readonly int[] Candidates = [8, 16, 32, 64];

    /// <summary>How many clients do best.</summary>
    public int Clients { get; private set; } = Candidates[0];

    /// <summary>Makes its tables and finds the best number of clients.</summary>
    public async Task PrepareAsync(int secondsEach, CancellationToken cancellation)
    {
        await using (var connection = new NpgsqlConnection(connectionString))
        {
            await connection.OpenAsync(cancellation);
            await using var command = new NpgsqlCommand(Setup.Replace("{0}", Text(members), StringComparison.Ordinal), connection);
            await command.ExecuteNonQueryAsync(cancellation);
        }

        var best = 0.0;
        foreach (var clients in Candidates)
        {
            var rate = await RunAsync(clients, secondsEach, cancellation);
            (best, Clients) = rate > best ? (rate, clients) : (best, Clients);
        }
    }

    /// <summary>Ops per second with the best number of clients.</summary>
    public Task<double> RunAsync(int seconds, CancellationToken cancellation) => RunAsync(Clients, seconds, cancellation);

    private async Task<double> RunAsync(int clients, int seconds, CancellationToken cancellation)
    {
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, string.Create(CultureInfo.InvariantCulture, $"\\set who random(1, {members})\nSELECT peer.apply(:who, 1, '\\x{new string('a', 2 * payloadBytes)}'::bytea);\n"), cancellation);
            var settings = new NpgsqlConnectionStringBuilder(connectionString);
            var start = new ProcessStartInfo(Find()) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            start.Environment["PGPASSWORD"] = settings.Password;
            foreach (var argument in (string[])["-h", settings.Host!, "-p", Text(settings.Port), "-U", settings.Username!, "-n", "-M", "prepared", "-j", "2", "-c", Text(clients), "-T", Text(seconds), "-f", script, settings.Database!])
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start) ?? throw new InvalidOperationException("pgbench does not start.");
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            var output = await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            var found = Tps().Match(output);
            return found.Success ? double.Parse(found.Groups["tps"].Value, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"pgbench failed: {await errors}");
        }
        finally
        {
            File.Delete(script);
        }
    }

    private static string Find() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateFiles("/usr/lib/postgresql", "pgbench", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last()
        : "pgbench";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"tps = (?<tps>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Tps();
}
