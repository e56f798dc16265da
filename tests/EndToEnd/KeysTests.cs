using SyncHub.Storage.Sealing;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary><c>synchub keys</c>.</summary>
public sealed class KeysTests
{
    [Fact]
    public async Task A_hub_without_a_database_file_because_it_runs_on_PostgreSQL_gets_its_new_key_and_is_told_that_old_values_keep_theirs()
    {
        var folder = Directory.CreateTempSubdirectory("keys");
        var path = Path.Combine(folder.FullName, "hub.keys");
        KeyRing.OpenOrCreate(path);

        await Cli.DoAsync("keys", "rotate", "--data", folder.FullName);

        Assert.Equal([(byte)1, (byte)2], KeyRing.Open(path).Numbers);
        var (exit, said) = await Cli.RunAsync("keys", "rewrite", "--data", folder.FullName);
        Assert.Equal(2, exit);
        Assert.Contains("PostgreSQL", said, StringComparison.Ordinal);
        Assert.Equal([(byte)1, (byte)2], KeyRing.Open(path).Numbers);
        folder.Delete(recursive: true);
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
