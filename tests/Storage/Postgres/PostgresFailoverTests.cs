using Npgsql;
using SyncHub.Storage.Postgres.Audit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>Two real servers: commits wait for the standby, the primary is killed, the standby promoted.</summary>
public sealed class PostgresFailoverTests : IDisposable
{
    private const int Writers = 4;
    private const string Schema = "failover";

    private readonly PostgresInstance _primary = new();

    [Fact]
    public async Task A_standby_that_is_promoted_has_every_acknowledged_batch_and_the_writer_goes_on_with_it()
    {
        using var standby = _primary.StartStandby();
        using var process = KillTargetProcess.Start(standby.ConnectionString, Writers, 0, Schema);
        Assert.True(await process.ReadAsync(300), $"the process ended by itself: {string.Join('\n', process.Said)}");

        _primary.Halt("immediate");
        standby.Promote();

        Assert.True(await process.ReadAsync(300), $"the process ended by itself: {string.Join('\n', process.Said)}");
        await process.KillAsync();
        Check(standby, process.Acknowledged);
        Assert.DoesNotContain(process.Said, line => line.StartsWith("fault", StringComparison.Ordinal));
    }

    public void Dispose() => _primary.Dispose();

    private static void Check(PostgresInstance server, Dictionary<int, long> acknowledged)
    {
        var alone = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = server.ConnectionString.Split(',', ';')[1] };
        using var rows = JournalDatabaseReader.Open(alone.ConnectionString, Schema);
        var left = WorkloadCheck.HoldsWholeBatches(rows);
        Assert.NotEmpty(acknowledged);
        foreach (var (writer, version) in acknowledged)
        {
            Assert.InRange(left[writer], version, long.MaxValue);
        }
    }
}
