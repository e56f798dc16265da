using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using SyncHub.Bench.Meters;
using SyncHub.Bench.Streams;

namespace SyncHub.Bench.Rows;

/// <summary>What a member, an op and a connected store cost a hub: the figures that docs/scale.md multiplies.</summary>
internal sealed partial class CostRow : IRow
{
    private const int Ops = 200_000;
    private const int HqOps = 50_000;
    private const int Together = 10; // few: what a connection costs, not what a storm does
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public string Name => "cost";

    /// <inheritdoc/>
    public bool IsPerEngine => true;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        await using var fleet = await Fleet.EnrolAsync(site.Hub, StreamRow.Stores, site.Options.StreamMembers, cancellation);
        await fleet.ConnectAsync(cancellation);
        var empty = await SizeAsync(site, cancellation);
        await fleet.LoadAsync(cancellation);
        var loaded = await SizeAsync(site, cancellation);
        fleet.Prepare(Ops);
        var (sent, received) = await SocketsAsync(site, cancellation);
        await fleet.SendAsync(StreamRow.Window, StreamRow.LeastBatch, cancellation);
        var (sentAfter, receivedAfter) = await SocketsAsync(site, cancellation);
        var sold = await SizeAsync(site, cancellation);
        List<RowResult> results =
        [
            Of(site, "disk, a member: registered, one top-up", "bytes", (loaded - empty) / (double)site.Options.StreamMembers),
            Of(site, "disk, a sale", "bytes", (sold - loaded) / (double)Ops),
            Of(site, "network, a sale, from its store", "bytes", (receivedAfter - received) / (double)Ops),
            Of(site, "network, a sale, to its store", "bytes", (sentAfter - sent) / (double)Ops),
        ];
        if (site.Server is { } server)
        {
            await HqAsync(site, server, fleet, results, cancellation);
        }

        await using var idle = await Fleet.EnrolAsync(site.Hub, site.Options.Agents, 0, cancellation);
        var alone = await RestAsync(site, cancellation);
        var before = await ProcessMemory.ReadAsync(site.Hub.ProcessId, 3, cancellation);
        await ConnectAsync(idle, cancellation); // cold code, and the memory that comes with it
        await Task.Delay(Settling, cancellation);
        var after = await ProcessMemory.ReadAsync(site.Hub.ProcessId, 3, cancellation);
        results.Add(Of(site, "a connected store", "KiB of memory", (after.ResidentKib - before.ResidentKib) / (double)site.Options.Agents));
        await idle.DisconnectAsync();
        await Task.Delay(Settling, cancellation);
        var connecting = ProcessUse.Of(site.Hub.ProcessId).CpuMs;
        await ConnectAsync(idle, cancellation);
        results.Add(Of(site, "a store that connects", "us of processor time", (ProcessUse.Of(site.Hub.ProcessId).CpuMs - connecting) * 1000 / site.Options.Agents));
        results.Add(Of(site, "a connected store that is silent", "us of processor time a second", (await RestAsync(site, cancellation) - alone) / site.Options.Agents));
        return results;
    }

    private static RowResult Of(Site site, string what, string unit, double value)
    {
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {site.Engine}: {what}: {value:0} {unit}"));
        return RowResult.Of("cost", site.Engine, what, "", unit, Aim.None, [(value, 1)]);
    }

    // The tables of HQ are held back while ops come in, and nothing but their following happens until they are there again; then they are emptied, and fill.
    private static async Task HqAsync(Site site, PostgresServer server, Fleet fleet, List<RowResult> results, CancellationToken cancellation)
    {
        const string Tables = "synchub.hq_member, synchub.hq_wallet, synchub.hq_lot, synchub.hq_right_line, synchub.hq_op, synchub.hq_posting, synchub.hq_case";
        await using var connection = new NpgsqlConnection(site.Storage);
        await connection.OpenAsync(cancellation);
        await ReachAsync();
        fleet.Prepare(HqOps);
        var held = await connection.BeginTransactionAsync(cancellation);
        await AskAsync("SELECT position FROM synchub.hq_position FOR UPDATE");
        await fleet.SendAsync(StreamRow.Window, StreamRow.LeastBatch, cancellation);
        await MeasureAsync("following", async () =>
        {
            await held.CommitAsync(cancellation);
            await held.DisposeAsync();
            await ReachAsync();
        }, HqOps);
        await MeasureAsync("filling", async () =>
        {
            await AskAsync($"UPDATE synchub.hq_position SET position = 0; TRUNCATE {Tables}");
            await ReachAsync();
        }, await AskAsync("SELECT position FROM synchub.feed"));
        results.Add(Of(site, "tables of HQ, a sale on the disk", "bytes", await AskAsync("SELECT (pg_total_relation_size('synchub.hq_op') + pg_total_relation_size('synchub.hq_posting'))") / (double)await AskAsync("SELECT count(*) FROM synchub.hq_op")));

        async Task MeasureAsync(string what, Func<Task> work, long records)
        {
            var (hub, database, since) = (ProcessUse.Of(site.Hub.ProcessId).CpuMs, ProcessUse.OfFamily(server.ProcessId).CpuMs, Stopwatch.GetTimestamp());
            await work();
            var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
            results.Add(Of(site, $"tables of HQ, {what}, a record", "us of the hub's processor time", (ProcessUse.Of(site.Hub.ProcessId).CpuMs - hub) * 1000 / records));
            results.Add(Of(site, $"tables of HQ, {what}, a record", "us of the database's processor time", (ProcessUse.OfFamily(server.ProcessId).CpuMs - database) * 1000 / records));
            results.Add(Of(site, $"tables of HQ, {what}", "records/s", records / seconds));
        }

        async Task ReachAsync()
        {
            while (await AskAsync("SELECT f.position - h.position FROM synchub.feed f, synchub.hq_position h") > 0)
            {
                await Task.Delay(20, cancellation);
            }
        }

        async Task<long> AskAsync(string sql)
        {
#pragma warning disable CA2100 // the bench's own words
            await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
            return await command.ExecuteScalarAsync(cancellation) is long number ? number : 0;
        }
    }

    private static async Task ConnectAsync(Fleet fleet, CancellationToken cancellation)
    {
        foreach (var some in fleet.Stores.Chunk(Together))
        {
            await Task.WhenAll(some.Select(store => store.ConnectAsync(cancellation)));
        }
    }

    // Microseconds of processor time that the hub takes in a second while nobody wants anything.
    private static async Task<double> RestAsync(Site site, CancellationToken cancellation)
    {
        await Task.Delay(Settling, cancellation);
        var (before, since) = (ProcessUse.Of(site.Hub.ProcessId).CpuMs, Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(2 * site.Options.Seconds), cancellation);
        return (ProcessUse.Of(site.Hub.ProcessId).CpuMs - before) * 1000 / Stopwatch.GetElapsedTime(since).TotalSeconds;
    }

    private static async Task<long> SizeAsync(Site site, CancellationToken cancellation)
    {
        if (site.Server is null)
        {
            return new FileInfo(Path.Combine(site.Folder, "hub", "hub.db")).Length;
        }

        await using var connection = new NpgsqlConnection(site.Storage);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand("SELECT pg_database_size(current_database())", connection);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    // Both directions of the hub's connections, TLS and framing included, as the kernel counts them.
    private static async Task<(long Sent, long Received)> SocketsAsync(Site site, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("ss", ["-tinH", string.Create(CultureInfo.InvariantCulture, $"sport = :{new Uri(site.Hub.Address).Port}")]) { UseShellExecute = false, RedirectStandardOutput = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("ss does not start.");
        var said = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        long Sum(Regex which) => which.Matches(said).Sum(match => long.Parse(match.Groups["bytes"].ValueSpan, CultureInfo.InvariantCulture));
        return (Sum(Sent()), Sum(Received()));
    }

    [GeneratedRegex("bytes_sent:(?<bytes>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Sent();

    [GeneratedRegex("bytes_received:(?<bytes>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Received();
}
