using SyncHub.Storage;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Tests.Postgres;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary><c>synchub keys</c>.</summary>
public sealed class KeysTests
{
    [Fact]
    public async Task A_rewrite_of_a_hub_without_a_database_file_asks_where_its_database_is()
    {
        var folder = Directory.CreateTempSubdirectory("keys");
        var path = Path.Combine(folder.FullName, "hub.keys");
        KeyRing.OpenOrCreate(path);

        await Cli.DoAsync("keys", "rotate", "--data", folder.FullName);

        Assert.Equal([(byte)1, (byte)2], KeyRing.Open(path).Numbers);
        var (exit, said) = await Cli.RunAsync("keys", "rewrite", "--data", folder.FullName);
        Assert.Equal(2, exit);
        Assert.Contains("--storage", said, StringComparison.Ordinal);
        Assert.Equal([(byte)1, (byte)2], KeyRing.Open(path).Numbers);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_hub_whose_journal_is_in_PostgreSQL_goes_on_after_a_rewrite_with_the_newest_key_alone()
    {
        using var database = new PostgresInstance();
        var folder = Directory.CreateTempSubdirectory("keys");
        var (path, setting) = (Path.Combine(folder.FullName, "hub.keys"), Path.Combine(folder.FullName, "storage"));
        await File.WriteAllTextAsync(setting, database.ConnectionString);
        await using (var journal = await OpenAsync())
        {
            await journal.CommitAsync(new JournalBatch { Documents = { new DocumentWrite("who", [1], "Ann"u8.ToArray()) } });
            await Cli.DoAsync("keys", "rotate", "--data", folder.FullName);
            var (exit, said) = await Cli.RunAsync("keys", "rewrite", "--data", folder.FullName, "--storage", "file:" + setting);
            Assert.True(exit == 2 && KeyRing.Open(path).Numbers.Count == 2, said); // a hub runs
        }

        var file = Path.Combine(folder.FullName, "hub.db");
        await File.WriteAllTextAsync(file, "left from before");
        var (refused, why) = await Cli.RunAsync("keys", "rewrite", "--data", folder.FullName, "--storage", "file:" + setting);
        Assert.True(refused == 2 && why.Contains("sealed with the same keys", StringComparison.Ordinal), why);
        File.Delete(file);

        Assert.Contains("1 values were sealed anew", await Cli.DoAsync("keys", "rewrite", "--data", folder.FullName, "--storage", "file:" + setting), StringComparison.Ordinal);
        Assert.Equal([(byte)2], KeyRing.Open(path).Numbers);
        await using (var journal = await OpenAsync())
        {
            Assert.Equal("Ann"u8.ToArray(), journal.ReadDocument("who", [1]));
        }

        folder.Delete(recursive: true);

        async Task<SealedJournal> OpenAsync()
        {
            var open = await PostgresJournal.OpenAsync(database.ConnectionString, new PostgresJournalOptions());
            return await SealedJournal.OpenAsync(open, KeyRing.Of(open, path), new HashSet<string>());
        }
    }

    [Fact]
    public async Task Hub_and_agent_go_on_with_new_keys_and_after_a_rewrite_the_older_ones_are_gone()
    {
        await using var chain = await Chain.StartAsync(stores: 1);
        var shop = chain.Shops[0];
        var member = await shop.RegisterAsync("c-1");
        Assert.NotNull((await shop.TopUpAsync(member, 5_000)).Receipt);
        var rings = new[] { Path.Combine(chain.HubFolder, "hub.keys"), shop.Folder + ".keys" };
        string[] folders = [chain.HubFolder, shop.Folder];
        foreach (var folder in folders)
        {
            await Cli.DoAsync("keys", "rotate", "--data", folder); // while they run
            var (exit, said) = await Cli.RunAsync("keys", "rewrite", "--data", folder);
            Assert.True(exit == 2, said); // and this may not
        }

        await RestartAsync();
        Assert.NotNull((await shop.SellAsync(member, 1_000)).Receipt); // by both keys: the member by the old one, the sale by the new one
        await chain.ConvergeAsync();
        Assert.All(rings, ring => Assert.Equal([(byte)1, (byte)2], KeyRing.Open(ring).Numbers));
        await shop.StopAsync();
        await chain.StopHubAsync();
        foreach (var folder in folders)
        {
            Assert.Contains("values were sealed anew", await Cli.DoAsync("keys", "rewrite", "--data", folder), StringComparison.Ordinal);
        }

        Assert.All(rings, ring => Assert.Equal([(byte)2], KeyRing.Open(ring).Numbers));
        await chain.StartHubAsync();
        await shop.StartAsync();
        await shop.OnlineAsync();
        Assert.NotNull((await shop.SellAsync(member, 1_000)).Receipt);
        await chain.ConvergeAsync();
        Assert.Equal(3_000, (await chain.WalletAsync(member)).PrincipalMinor);
        Assert.Empty((await chain.AuditAsync()).Findings);

        async Task RestartAsync()
        {
            await shop.StopAsync();
            await chain.StopHubAsync();
            await chain.StartHubAsync();
            await shop.StartAsync();
            await shop.OnlineAsync();
        }
    }
}
