using Grpc.Core;
using Grpc.Standard;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>What the hub's doors bear is set by its options. How each limit bites: tests/Grpc, LimitTests.</summary>
public sealed class LimitTests
{
    private const int Kib = 1024;

    [Fact]
    public async Task A_message_over_the_hubs_limit_is_refused_with_the_limits_size_and_the_next_call_works()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { Limits = new GrpcLimits { MaxMessageKib = 1024 } });
        var refused = await Assert.ThrowsAsync<RpcException>(() => hub.LoginAsync("kim", new string('x', 1025 * Kib)));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Contains("1048576 bytes", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Empty((await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores);
    }

    [Fact]
    public async Task Headers_over_the_hubs_limit_are_refused_with_words()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { Limits = new GrpcLimits { MaxHeaderKib = 4 } });
        await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin); // now the client has heard the limit
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest(), new Metadata { { "x-long", new string('x', 7 * Kib) } }));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Contains("too large for the server", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_with_which_no_store_could_hand_in_its_ops_are_refused_at_the_start()
    {
        var faults = new HubOptions { DataDirectory = "x", Limits = new GrpcLimits { MaxMessageKib = 1023, MaxStreams = 0 } }.FindFaults();
        Assert.Equal(["--max-message-kib: 1024 to 1047552.", "--max-streams: 1 to 100000."], faults);
    }
}
