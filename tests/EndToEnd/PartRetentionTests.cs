using SyncHub.Storage.Tests.Postgres;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>Two real hubs on one real PostgreSQL move old parts of the journal into files while tills pay.</summary>
public sealed class PartRetentionTests(PostgresInstance instance) : IClassFixture<PostgresInstance>
{
    [Fact]
    public async Task Parts_leave_while_tills_pay_the_next_hub_reads_them_and_the_books_are_whole()
    {
        var schema = $"parts_{Guid.NewGuid():N}";
        await using var chain = await ProcessChain.StartAsync($"{instance.ConnectionString};Search Path={schema}", "--keep-days", "0", "--part-records", "100");
        await chain.SellAsync(150);
        await LeftAsync(schema, 1);

        chain.Hubs[1].Kill();
        await chain.LeadsAsync(2);
        await chain.SellAsync(150);
        await LeftAsync(schema, 3);
        Assert.Equal(true, instance.Ask($"SELECT min(position) - 1 = (SELECT 100 * count(*) FROM {schema}.journal_part WHERE left_at IS NOT NULL) FROM {schema}.record"));
        await chain.StartHubAsync(1);
        await chain.SellAsync(50);
        await chain.EndAsync();
    }

    private Task LeftAsync(string schema, long parts) =>
        Until.TrueAsync(() => Task.FromResult((long)instance.Ask($"SELECT count(*) FROM {schema}.journal_part WHERE left_at IS NOT NULL")! >= parts), $"{parts} parts have left");
}
