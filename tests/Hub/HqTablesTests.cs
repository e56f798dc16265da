using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Npgsql;
using SyncHub.Core.Primitives;
using SyncHub.Storage.Audit;
using SyncHub.Storage.Postgres.Audit;
using SyncHub.Storage.Sqlite.Audit;
using SyncHub.Storage.Tests.Postgres;
using SyncHub.Verify;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>The tables that HQ may query, kept by a hub that runs.</summary>
public sealed class HqTablesTests(PostgresInstance instance) : IClassFixture<PostgresInstance>
{
    private static MemberId NewMember() => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task What_HQ_queries_is_what_the_members_own_and_what_stores_hold(string engine)
    {
        await using var hub = await StartAsync(engine);
        await using var store = await hub.EnrolAsync();
        var (ann, bob) = (NewMember(), NewMember());
        await TradeAsync(store, ann, bob);
        await hub.HqTablesAsync();
        using (var rows = Open(hub))
        {
            var wallet = await hub.WalletAsync(ann);
            var principal = rows.HqWallets().Single(row => row.Member.Value == ann.Value && row.Bucket == "principal");
            Assert.Equal((wallet.PrincipalMinor, 700), (principal.TotalMinor, principal.TotalMinor));
            Assert.Equal(principal.TotalMinor, principal.FreeMinor + principal.AtStoresMinor);
            var line = rows.HqRightLines().Single(row => row.Member.Value == ann.Value);
            Assert.Equal((1_000, 300, principal.AtStoresMinor), (line.Credited, line.Debited, line.Outstanding));
            Assert.Equal(["register_member", "register_member", "sale", "top_up"], Ask(hub, "SELECT type FROM hq_op ORDER BY type"));
            Assert.Equal(["-300", "0", "0", "1000"], Ask(hub, "SELECT money FROM hq_op ORDER BY money"));
            Assert.Equal(["normal"], Ask(hub, "SELECT DISTINCT classification FROM hq_op"));
            Assert.Equal(["1000", "-300", "-700"], Ask(hub, "SELECT sum(amount) FROM hq_posting GROUP BY account ORDER BY account"));
            Assert.Equal(2, rows.HqMembers().Count());
        }

        Assert.Empty(Differences(hub));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_page_writes_what_it_changed_and_all_is_as_the_records_say(string engine)
    {
        await using var hub = await StartAsync(engine);
        await using var store = await hub.EnrolAsync();
        var (ann, bob) = (NewMember(), NewMember());
        await TradeAsync(store, ann, bob);
        await hub.HqTablesAsync();
        for (var sale = 0; sale < 3; sale++)
        {
            await store.LogAsync(OpType.Sale, ann, Debit(Bucket.Principal, 100), Credit(Bucket.Points, 5));
            await hub.HqTablesAsync();
        }

        await store.LogAsync(OpType.TopUp, bob, Credit(Bucket.Principal, 50));
        await hub.HqTablesAsync();
        Assert.Equal(["400", "50"], Ask(hub, "SELECT total FROM hq_wallet WHERE bucket = 'principal' ORDER BY total DESC"));
        Assert.Empty(Differences(hub));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Tables_that_were_emptied_while_the_hub_runs_fill_again(string engine)
    {
        await using var hub = await StartAsync(engine);
        await using var store = await hub.EnrolAsync();
        await TradeAsync(store, NewMember(), NewMember());
        await hub.HqTablesAsync();
        await HqTablesRebuild.RunAsync(hub.Folder, hub.Storage);
        while (Ask(hub, "SELECT count(*) FROM hq_op") is not ["4"])
        {
            await Task.Yield(); // nothing else happens: the hub has to notice by itself
        }

        await store.LogAsync(OpType.RegisterMember, NewMember());
        await hub.HqTablesAsync();
        Assert.Empty(Differences(hub));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task They_go_on_where_they_were_after_a_restart_and_hold_what_came_while_they_were_not_wanted(string engine)
    {
        await using var hub = await StartAsync(engine);
        await using var store = await hub.EnrolAsync();
        var ann = NewMember();
        await TradeAsync(store, ann, NewMember());
        await hub.HqTablesAsync();
        await store.DisconnectAsync();
        await hub.RestartAsync(keepsHqTables: false);
        await store.ConnectAsync();
        await store.LogAsync(OpType.Sale, ann, Debit(Bucket.Principal, 100));
        await store.DisconnectAsync();
        await hub.RestartAsync(keepsHqTables: true);
        await hub.HqTablesAsync();
        Assert.Equal(["600"], Ask(hub, "SELECT total FROM hq_wallet WHERE bucket = 'principal'"));
    }

    [Fact]
    public async Task A_hub_that_does_not_want_them_makes_none()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { HqTables = false, Storage = "" });
        await using var store = await hub.EnrolAsync();
        await TradeAsync(store, NewMember(), NewMember());
        Assert.False(File.Exists(HubJournal.HqFile(hub.Folder)));
        await Assert.ThrowsAsync<IOException>(() => HqTablesRebuild.RunAsync(hub.Folder, ""));
    }

    [Theory]
    [InlineData("UPDATE hq_wallet SET total = total + 1")]
    [InlineData("DELETE FROM hq_wallet")]
    [InlineData("UPDATE hq_right_line SET outstanding = outstanding - 1")]
    [InlineData("DELETE FROM hq_op WHERE type = 'sale'")]
    [InlineData("UPDATE hq_posting SET amount = amount + 1 WHERE account = 'wallet/principal'")]
    [InlineData("DELETE FROM hq_member")]
    public async Task The_audit_finds_a_row_that_is_not_what_the_records_add_up_to(string damage)
    {
        await using var hub = await StartAsync("sqlite");
        await using var store = await hub.EnrolAsync();
        await TradeAsync(store, NewMember(), NewMember());
        await hub.HqTablesAsync();
        Assert.Empty(Differences(hub));
        Ask(hub, damage);
        Assert.NotEmpty(Differences(hub));
    }

    [Fact]
    public async Task Nothing_personal_is_in_them()
    {
        await using var hub = await StartAsync("sqlite");
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        store.AppendRegistration(NewMember(), "13812345678", "CARD-4711");
        await store.SendOpsAsync();
        await store.AckAsync(1);
        await hub.HqTablesAsync();
        Assert.Equal(["1"], Ask(hub, "SELECT count(*) FROM hq_member WHERE has_phone AND has_card"));
        foreach (var file in (string[])[HubJournal.HqFile(hub.Folder), HubJournal.HqFile(hub.Folder) + "-wal"])
        {
            var bytes = System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file));
            Assert.DoesNotContain("13812345678", bytes, StringComparison.Ordinal);
            Assert.DoesNotContain("4711", bytes, StringComparison.Ordinal);
        }
    }

    private static async Task TradeAsync(ScriptedAgent store, MemberId ann, MemberId bob)
    {
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, ann);
        await store.LogAsync(OpType.RegisterMember, bob);
        await store.LogAsync(OpType.TopUp, ann, Credit(Bucket.Principal, 1_000));
        await store.LogAsync(OpType.Sale, ann, Debit(Bucket.Principal, 300));
    }

    // A scripted store signs nothing, which the audit says too.
    private static Finding[] Differences(HubFixture hub)
    {
        var report = Audit.Run(hub.Folder, [], new AuditOptions { Storage = hub.Storage });
        Assert.Equal(0, report.Counts.GetValueOrDefault(FindingCodes.FileUnreadable));
        return [.. report.Findings.Where(finding => finding.Code == FindingCodes.HqDiffers)];
    }

    private static IHqRows Open(HubFixture hub) => hub.Storage.Length > 0 ? JournalDatabaseReader.Open(hub.Storage) : HqFileReader.Open(HubJournal.HqFile(hub.Folder));

    private Task<HubFixture> StartAsync(string engine) =>
        HubFixture.StartAsync(options => options with { HqTables = true, Storage = engine == "sqlite" ? "" : $"{instance.ConnectionString};Search Path=hub_{Guid.NewGuid():N}" });

    private static List<string> Ask(HubFixture hub, string sql)
    {
        using System.Data.Common.DbConnection connection = hub.Storage.Length > 0 ? new NpgsqlConnection(hub.Storage) : new SqliteConnection($"Data Source={HubJournal.HqFile(hub.Folder)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the tests' own words
        command.CommandText = sql;
#pragma warning restore CA2100
        using var rows = command.ExecuteReader();
        var found = new List<string>();
        while (rows.Read())
        {
            found.Add(Convert.ToString(rows.GetValue(0), System.Globalization.CultureInfo.InvariantCulture)!);
        }

        return found;
    }
}
