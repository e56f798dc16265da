using System.Diagnostics;
using System.Globalization;
using Npgsql;
using SyncHub.Bench.Streams;

namespace SyncHub.Bench.Rows;

/// <summary>Stores stream while an old part of the journal leaves the database for a file, beside the same stream before.</summary>
internal sealed class PartsRow : IRow
{
    /// <inheritdoc/>
    public string Name => "parts";

    /// <inheritdoc/>
    public bool IsPerEngine => true;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        if (site.Server is null)
        {
            await Console.Out.WriteLineAsync("  a journal in a file has no parts");
            return [];
        }

        await using var fleet = await Fleet.EnrolAsync(site.Hub, StreamRow.Stores, site.Options.StreamMembers, cancellation);
        await fleet.ConnectAsync(cancellation);
        await fleet.LoadAsync(cancellation);
        var before = new List<double>();
        while ((await site.Hub.DescribeAsync(cancellation)).JournalPosition <= site.Options.PartRecords)
        {
            before.Add(await SendAsync(before.LastOrDefault(10_000)));
        }

        await using var database = NpgsqlDataSource.Create(site.Storage);
        await using var age = database.CreateCommand("UPDATE synchub.journal_part SET full_at = full_at - interval '2 days' WHERE number = 0 AND full_at IS NOT NULL");
        await using var left = database.CreateCommand("SELECT count(left_at) FROM synchub.journal_part WHERE number = 0");
        if (await age.ExecuteNonQueryAsync(cancellation) != 1)
        {
            throw new InvalidOperationException("The first part is not full yet, though all its records are written.");
        }

        var since = Stopwatch.GetTimestamp();
        var meanwhile = new List<double>();
        while ((long)(await left.ExecuteScalarAsync(cancellation))! == 0)
        {
            meanwhile.Add(await SendAsync(before[^1]));
        }

        var took = Stopwatch.GetElapsedTime(since);
        var steady = before.TakeLast(Math.Max(1, meanwhile.Count)).ToArray();
        return
        [
            RowResult.Of(Name, site.Engine, string.Create(CultureInfo.InvariantCulture, $"streamed durable ops while a part of {site.Options.PartRecords} records leaves"), "the same before it leaves", "ops/s", Aim.None,
                [.. meanwhile.Select((rate, index) => (rate, steady[index % steady.Length]))]) with
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"it has left within {took.TotalSeconds:0} s, of which up to 10 are the hub's rest between two looks, for a file of {new FileInfo(Directory.GetFiles(site.PartsFolder).Single()).Length >> 20} MiB"),
            },
        ];

        async Task<double> SendAsync(double rate)
        {
            var ops = (int)Math.Clamp(rate * site.Options.Seconds, 5_000, 1_000_000);
            fleet.Prepare(ops);
            var begun = Stopwatch.GetTimestamp();
            await fleet.SendAsync(StreamRow.Window, StreamRow.LeastBatch, cancellation);
            var now = ops / Stopwatch.GetElapsedTime(begun).TotalSeconds;
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {now:0} ops/s"));
            return now;
        }
    }
}
