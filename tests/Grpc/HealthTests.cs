using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Grpc.Standard;
using Xunit;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace SyncHub.Grpc.Tests;

/// <summary>The health service, as probes and balancers use it.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task A_state_is_told_by_name_and_an_unknown_name_is_NOT_FOUND()
    {
        await using var server = await TestServer.StartAsync();
        var client = new Health.HealthClient(server.Channel());
        server.Health.SetStatus(["", "grpctests.Echo"], ServingStatus.Serving);
        server.Health.SetStatus("grpctests.Echo", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest())).Status);
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest { Service = "grpctests.Echo" })).Status);
        await client.CheckAsync(new HealthCheckRequest { Service = "nobody" }).ResponseAsync.Fails(StatusCode.NotFound);
    }

    [Fact]
    public async Task A_watch_tells_the_state_at_once_and_each_later_one()
    {
        await using var server = await TestServer.StartAsync();
        using var watch = new Health.HealthClient(server.Channel()).Watch(new HealthCheckRequest { Service = "late" });
        await NextIs(watch, ServingStatus.ServiceUnknown);
        server.Health.SetStatus("late", ServingStatus.Serving);
        await NextIs(watch, ServingStatus.Serving);
        server.Health.SetStatus("late", ServingStatus.Serving);
        server.Health.SetStatus("late", ServingStatus.NotServing);
        await NextIs(watch, ServingStatus.NotServing);
        server.Health.ClearStatus("late");
        await NextIs(watch, ServingStatus.ServiceUnknown);
    }

    [Fact]
    public async Task A_shutdown_is_told_before_the_watch_ends_and_nothing_serves_again()
    {
        await using var server = await TestServer.StartAsync();
        server.Health.SetStatus("", ServingStatus.Serving);
        var client = new Health.HealthClient(server.Channel());
        using var watch = client.Watch(new HealthCheckRequest());
        await NextIs(watch, ServingStatus.Serving);
        server.Health.Shutdown();
        await NextIs(watch, ServingStatus.NotServing);
        await watch.ResponseStream.MoveNext().Fails(StatusCode.Unavailable);
        server.Health.SetStatus("", ServingStatus.Serving);
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest())).Status);
        using var late = client.Watch(new HealthCheckRequest());
        await NextIs(late, ServingStatus.NotServing);
        await late.ResponseStream.MoveNext().Fails(StatusCode.Unavailable);
    }

    [Fact]
    public async Task A_watch_that_is_cancelled_is_forgotten_and_no_error()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            using var watch = new Health.HealthClient(server.Channel()).Watch(new HealthCheckRequest());
            await NextIs(watch, ServingStatus.ServiceUnknown);
        }

        await Until(() => server.Health.Watchers == 0);
        Assert.Empty(server.Logs.Errors);

        static async Task Until(Func<bool> condition)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            while (!condition())
            {
                await Task.Delay(10, deadline.Token);
            }
        }
    }

    private static async Task NextIs(AsyncServerStreamingCall<HealthCheckResponse> watch, ServingStatus expected)
    {
        Assert.True(await watch.ResponseStream.MoveNext().Happens("the state " + expected));
        Assert.Equal(expected, watch.ResponseStream.Current.Status);
    }
}
