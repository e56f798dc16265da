using System.Diagnostics;
using System.Net;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Standard;
using Npgsql;
using SyncHub.Demo.Links;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Tests.Postgres;
using SyncHub.V1;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.EndToEnd.Tests;

/// <summary>Two real hubs on one real PostgreSQL: the one that leads is killed, frozen, stopped, and the database under both, while tills pay.</summary>
public sealed class HubFailoverTests(PostgresInstance instance, ITestOutputHelper output) : IClassFixture<PostgresInstance>
{
    private string NewStorage() => $"{instance.ConnectionString};Search Path=hubs_{Guid.NewGuid():N}";

    [Fact]
    public async Task A_hub_that_is_killed_is_replaced_and_stands_by_when_it_is_back()
    {
        await using var chain = await ProcessChain.StartAsync(NewStorage());
        await chain.SellAsync(100);
        chain.Hubs[1].Kill();
        output.WriteLine($"hub 2 led {(await chain.LeadsAsync(2)).TotalSeconds:0.00} s after the kill");
        await chain.DrainedAsync();
        await chain.StartHubAsync(1);
        Assert.Equal("standby", chain.RoleOf(1));
        await chain.SellAsync(100);

        chain.Hubs[2].Kill();
        await chain.LeadsAsync(1);
        await chain.SellAsync(100);
        output.WriteLine($"{(await chain.EndAsync()).OpsApplied} ops applied");
    }

    [Fact]
    public async Task A_hub_that_was_frozen_wakes_up_replaced_commits_nothing_and_ends()
    {
        await using var chain = await ProcessChain.StartAsync(NewStorage(), "--storage-lease-ms", "1500");
        await chain.SellAsync(100);
        await chain.SignalAsync(1, "STOP");
        output.WriteLine($"hub 2 led {(await chain.LeadsAsync(2)).TotalSeconds:0.00} s after the other froze");
        await chain.SellAsync(50);
        await chain.DrainedAsync();

        await chain.SignalAsync(1, "CONT");
        await chain.Hubs[1].WaitForExitAsync();
        Assert.Equal(1, chain.Hubs[1].ExitCode);
        await chain.SellAsync(50);
        Assert.False(chain.Hubs[2].HasExited);
        await chain.EndAsync();
    }

    [Fact]
    public async Task A_hub_that_is_cut_off_from_the_database_loses_its_place_and_its_stores_find_the_other()
    {
        await using var line = new LinkProxy();
        line.Pass(new IPEndPoint(IPAddress.Loopback, instance.Port));
        var storage = NewStorage();
        await using var chain = await ProcessChain.StartAsync(storage, new NpgsqlConnectionStringBuilder(storage) { Port = line.Port }.ConnectionString, ["--storage-lease-ms", "1500"]);
        await chain.SellAsync(100);
        line.Cut(LinkLoss.Silence);
        await chain.LeadsAsync(2);
        await chain.AllAtAsync(2);
        await chain.SellAsync(50);

        line.Heal();
        await chain.Hubs[1].WaitForExitAsync();
        Assert.Equal(1, chain.Hubs[1].ExitCode);
        await chain.EndAsync();
    }

    [Fact]
    public async Task A_hub_that_has_nothing_to_commit_ends_all_the_same_when_it_lost_its_place()
    {
        await using var line = new LinkProxy();
        line.Pass(new IPEndPoint(IPAddress.Loopback, instance.Port));
        var storage = NewStorage();
        await using var chain = await ProcessChain.StartAsync(storage, new NpgsqlConnectionStringBuilder(storage) { Port = line.Port }.ConnectionString, ["--storage-lease-ms", "1500"]);
        await chain.SellAsync(20);
        await chain.FreezeStoresAsync(); // else what they send would make it commit, and a commit tells it
        line.Cut(LinkLoss.Silence);
        await chain.LeadsAsync(2);
        line.Heal();
        await chain.Hubs[1].WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1)); // a guard against a test that hangs, not a pace
        Assert.Equal(1, chain.Hubs[1].ExitCode);
        await chain.ThawStoresAsync();
        await chain.AllAtAsync(2);
        await chain.SellAsync(20);
        await chain.EndAsync();
    }

    [Fact]
    public async Task A_hub_that_is_stopped_hands_over()
    {
        await using var chain = await ProcessChain.StartAsync(NewStorage());
        await chain.SellAsync(100);
        await chain.SignalAsync(1, "TERM");
        var since = Stopwatch.GetTimestamp();
        await chain.LeadsAsync(2);
        output.WriteLine($"hub 2 led {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms after SIGTERM to the other");
        await chain.DrainedAsync();
        output.WriteLine($"all stores were with it after {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms");
        await chain.Hubs[1].WaitForExitAsync();
        Assert.Equal(0, chain.Hubs[1].ExitCode);
        await chain.EndAsync();
    }

    [Fact]
    public async Task A_hub_that_is_preferred_leads_again_when_it_is_back()
    {
        await using var chain = await ProcessChain.StartAsync(NewStorage(), "--storage-lease-ms", "500"); // it is waited for twelve of them
        await chain.SellAsync(50);
        chain.Hubs[1].Kill();
        await chain.LeadsAsync(2);
        await chain.DrainedAsync();
        await chain.StartHubAsync(1, "--prefer");
        Assert.Equal("standby", chain.RoleOf(1));
        output.WriteLine($"hub 1 led {(await chain.LeadsAsync(1)).TotalSeconds:0.00} s after it stood by");
        await chain.SellAsync(50);
        await Until.TrueAsync(() => Task.FromResult(chain.RoleOf(2) == "standby"), "hub 2 stands by");
        await chain.AllAtAsync(1);
        Assert.Contains("this one lets go and stands by", chain.LogOf(2), StringComparison.Ordinal); // what it said after it had stood by once

        chain.Hubs[1].Kill(); // the same process of hub 2 leads once more
        await chain.LeadsAsync(2);
        await chain.SellAsync(50);
        await chain.EndAsync();
    }

    [Fact]
    public async Task A_database_that_crashes_under_both_leaves_the_one_that_leads_in_its_place()
    {
        using var database = new PostgresInstance(); // of its own: the others share theirs
        await using var chain = await ProcessChain.StartAsync(database.ConnectionString);
        for (var crash = 0; crash < 2; crash++)
        {
            await chain.SellAsync(50);
            database.Halt("immediate");
            database.Resume();
            await chain.SellAsync(50);
            await chain.DrainedAsync();
        }

        Assert.Equal(("leader", "standby"), (chain.RoleOf(1), chain.RoleOf(2)));
        await chain.EndAsync();
    }

    [Fact]
    public async Task A_database_that_fails_over_to_its_standby_loses_nothing_that_was_acknowledged()
    {
        using var primary = new PostgresInstance();
        using var standby = primary.StartStandby(); // commits wait for it
        await using var chain = await ProcessChain.StartAsync(standby.ConnectionString);
        await chain.SellAsync(100);
        primary.Halt("immediate");
        await chain.SellAsync(20); // the stores do not wait for headquarters
        standby.Promote();
        var since = Stopwatch.GetTimestamp();
        await chain.DrainedAsync();
        output.WriteLine($"the stores were drained {Stopwatch.GetElapsedTime(since).TotalSeconds:0.00} s after the standby was promoted");
        await chain.SellAsync(100);
        Assert.Equal(("leader", "standby"), (chain.RoleOf(1), chain.RoleOf(2)));

        chain.Hubs[1].Kill();
        await chain.LeadsAsync(2); // what it reads is what the other one had acknowledged
        await chain.SellAsync(50);
        await chain.EndAsync();
    }

    [Fact]
    public async Task A_hub_that_stands_by_says_who_leads()
    {
        await using var chain = await ProcessChain.StartAsync(NewStorage());
        using var channel = Trust.Channel(chain.HubAddress(2), chain.HubFolder(2));
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), new Metadata { { StandbyReasons.LeaderOnly, "1" } }));
        Assert.Equal((StatusCode.Unavailable, StandbyReasons.StandingBy), (refusal.StatusCode, RpcFault.ReasonOf(refusal)));
        Assert.Equal(chain.HubAddress(1), refusal.GetRpcStatus()!.GetDetail<Google.Rpc.ErrorInfo>()!.Metadata[StandbyReasons.Leader]);
        foreach (var service in (string[])["", "synchub.v1.Sync", "synchub.v1.Users", "journal"])
        {
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest { Service = service })).Status);
        }

        // A shell of HQ that knows both asks the one that leads.
        var list = await Cli.DoAsync("store", "list", "--hub", $"https://127.0.0.1:1,{chain.HubAddress(2)},{chain.HubAddress(1)}", "--token-file", Path.Combine(chain.HubFolder(1), "admin.token"));
        Assert.Contains("online", list, StringComparison.Ordinal);
        await chain.SignalAsync(2, "TERM");
        await chain.Hubs[2].WaitForExitAsync();
        Assert.Equal(0, chain.Hubs[2].ExitCode);
    }
}
