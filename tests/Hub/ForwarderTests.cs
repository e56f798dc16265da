using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Postgres;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>What a hub that stands by hands on, to whom, and what it keeps to itself. Beside these: two real hubs in EndToEnd's ForwardingTests.</summary>
public sealed class ForwarderTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("standby").FullName;
    private readonly CertificateAuthority _authority;

    public ForwarderTests()
    {
        HubSetup.Init(_folder, [], TimeProvider.System.GetUtcNow());
        _authority = CertificateAuthority.Open(_folder, TimeProvider.System, TimeSpan.FromDays(1));
    }

    [Fact]
    public async Task A_call_goes_on_to_whoever_leads_and_to_nobody_when_it_is_not_known()
    {
        await using var first = await LeaderAsync();
        await using var second = await LeaderAsync();
        (first.Stores, second.Stores) = (new ListStoresResponse { NextAfter = 1 }, new ListStoresResponse { NextAfter = 2 });
        await using var doors = await OpenAsync();
        using var channel = Channel(doors);
        Assert.Equal(StandbyReasons.StandingBy, await RefusalAsync(channel, []));
        doors.Tell(new LeadingWriter("one", first.Address));
        Assert.Equal(1, await AskAsync(channel, []));
        doors.Tell(new LeadingWriter("two", second.Address)); // over the same connection of the same caller
        Assert.Equal(2, await AskAsync(channel, []));
        doors.Tell(new LeadingWriter("three", ""));
        Assert.Equal(StandbyReasons.StandingBy, await RefusalAsync(channel, []));
        Assert.Equal((1, 1), (first.Asked, second.Asked));
    }

    [Fact]
    public async Task Whoever_wants_the_leader_itself_is_told_who_it_is()
    {
        await using var leader = await LeaderAsync();
        await using var doors = await OpenAsync();
        doors.Tell(new LeadingWriter("one", leader.Address));
        using var channel = Channel(doors);
        var refused = await Assert.ThrowsAsync<RpcException>(() => AskAsync(channel, new Metadata { { StandbyReasons.LeaderOnly, "1" } }));
        Assert.Equal(leader.Address, refused.GetRpcStatus()!.GetDetail<Google.Rpc.ErrorInfo>()!.Metadata[StandbyReasons.Leader]);
        Assert.Equal(0, leader.Asked);
    }

    // A program of before would take what comes with this hub's certificate for this hub's own word.
    [Fact]
    public async Task A_leader_that_does_not_know_forwarded_calls_gets_none()
    {
        await using var leader = await LeaderAsync(unknown: "forwarding");
        await using var doors = await OpenAsync();
        doors.Tell(new LeadingWriter("one", leader.Address));
        using var channel = Channel(doors);
        Assert.Equal(StandbyReasons.StandingBy, await RefusalAsync(channel, []));
        Assert.Equal(0, leader.Asked);
    }

    [Fact]
    public async Task The_word_of_another_cells_hub_is_not_handed_on_nor_what_was_forwarded_already()
    {
        await using var leader = await LeaderAsync();
        await using var doors = await OpenAsync();
        doors.Tell(new LeadingWriter("one", leader.Address));
        using var channel = Channel(doors, _authority.Hub);
        foreach (var header in (string[])["synchub-caller-bin", "synchub-forwarded-bin"])
        {
            Assert.Equal(StandbyReasons.StandingBy, await RefusalAsync(channel, new Metadata { { header, [] } }));
        }

        Assert.Equal(0, leader.Asked);
    }

    [Fact]
    public async Task A_stranger_at_the_leaders_address_gets_no_call()
    {
        var other = Directory.CreateTempSubdirectory("stranger").FullName;
        HubSetup.Init(other, [], TimeProvider.System.GetUtcNow());
        await using var stranger = await LeaderAsync();
        stranger.Certificate = CertificateAuthority.Open(other, TimeProvider.System, TimeSpan.FromDays(1)).Hub;
        await using var doors = await OpenAsync();
        doors.Tell(new LeadingWriter("one", stranger.Address));
        using var channel = Channel(doors);
        Assert.Equal(StandbyReasons.StandingBy, await RefusalAsync(channel, []));
        Assert.Equal(0, stranger.Asked);
        stranger.Certificate = _authority.Hub; // the right one is there now: a call that failed has not settled it
        Assert.Equal(0, await AskAsync(channel, []));
        Directory.Delete(other, recursive: true);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<FakeCell> LeaderAsync(string unknown = "nothing")
    {
        var leader = await FakeCell.StartAsync(unknown);
        leader.Certificate = _authority.Hub;
        return leader;
    }

    private Task<StandbyDoors> OpenAsync() =>
        StandbyDoors.OpenAsync(new HubOptions { DataDirectory = _folder, GrpcPort = 0, HttpPort = 0 }, _authority, logging => logging.SetMinimumLevel(LogLevel.Warning), CancellationToken.None);

    private GrpcChannel Channel(StandbyDoors doors, X509Certificate2? own = null) =>
        GrpcChannel.ForAddress($"https://127.0.0.1:{doors.Ports.Grpc}", new GrpcChannelOptions { HttpHandler = HubTrust.FromFile(HubSetup.AuthorityFile(_folder)).CreateHandler(own), DisposeHttpClient = true });

    private static async Task<int> AskAsync(GrpcChannel channel, Metadata headers) => (int)(await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), headers)).NextAfter;

    private static async Task<string?> RefusalAsync(GrpcChannel channel, Metadata headers) => RpcFault.ReasonOf(await Assert.ThrowsAsync<RpcException>(() => AskAsync(channel, headers)));
}
