using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.V1;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>Somebody takes a store's disk: what he learns, what he can do, and what it costs.</summary>
public sealed class StolenDatabaseTests
{
    private static readonly string[] Secrets = ["Quentin Unmistakable", "5550123456", "KARTE-4711", "allergic to bees", "q@example.com"];

    [Fact]
    public async Task A_stolen_database_tells_nothing_opens_no_door_and_what_its_store_held_is_bounded_and_taken_back()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (other, robbed) = (chain.Shops[0], chain.Shops[1]);
        var registered = await robbed.Till.RegisterAsync(new RegisterRequest { RequestId = "r", Name = Secrets[0], Phone = Secrets[1], Card = Secrets[2] });
        var member = registered.Member.MemberId;
        await robbed.Till.SetProfileAsync(new SetProfileRequest { RequestId = "p", MemberId = member, Proved = true, Fields = { new FieldChange { Field = ProfileField.Notes, Value = Secrets[3] }, new FieldChange { Field = ProfileField.Email, Value = Secrets[4] } } });
        await robbed.TopUpAsync(member, 6_000);
        Assert.NotNull((await robbed.SellAsync(member, 1_000)).Receipt);
        await chain.ConvergeAsync();
        Assert.NotNull(await other.IdentifyAsync(member)); // its replica is as good a prey

        await robbed.StopAsync();
        var prey = Directory.CreateDirectory(chain.PathOf("prey")).FullName;
        foreach (var file in Directory.GetFiles(robbed.Folder))
        {
            File.Copy(file, Path.Combine(prey, Path.GetFileName(file)));
        }

        // Nothing readable.
        Assert.Contains(Directory.GetFiles(prey), file => file.EndsWith("agent.db", StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(prey))
        {
            var bytes = await File.ReadAllBytesAsync(file);
            Assert.All(Secrets, secret => Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, $"{Path.GetFileName(file)} tells '{secret}'"));
            Assert.All(Secrets, secret => Assert.True(bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes(secret)) < 0, $"{Path.GetFileName(file)} tells '{secret}'"));
        }

        // No door opens: its keys lay beside the folder, not in it.
        await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.StartAsync(new AgentOptions { DataDirectory = prey, HubAddress = chain.HubAddress }, NullLoggerFactory.Instance));

        // Bounded: what it could have spent is known to the minor unit, and taken back.
        chain.Shops.Remove(robbed);
        Assert.Contains("50.00 of 1 members", await chain.HqAsync("store", "reclaim", "2", "--payer", "hq/loss", "--approver", "Eve", "--yes"), StringComparison.Ordinal);
        Assert.NotNull((await other.SellAsync(member, 5_000)).Receipt);
        await chain.ConvergeAsync();
        var wallet = await chain.WalletAsync(member);
        Assert.Equal((0, 0), (wallet.PrincipalMinor, wallet.Buckets.Sum(bucket => bucket.LossMinor)));
        await robbed.DisposeAsync();
    }
}
