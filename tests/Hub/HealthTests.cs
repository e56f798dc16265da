using System.Net;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Grpc.Standard;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Doors;
using SyncHub.V1;
using Xunit;
using static Grpc.Health.V1.HealthCheckResponse.Types;
using Reflection = Grpc.Reflection.V1;

namespace SyncHub.Hub.Tests;

/// <summary>What probes, balancers and tools learn from a hub.</summary>
public sealed class HealthTests
{
    [Theory]
    [InlineData("")]
    [InlineData("synchub.v1.Sync")]
    [InlineData("synchub.v1.Wallets")]
    [InlineData("journal")]
    [InlineData("partitions")]
    public async Task A_running_hub_serves_under_each_of_its_names_without_a_token(string name)
    {
        await using var hub = await HubFixture.StartAsync();
        var answer = await new Health.HealthClient(hub.Channel).CheckAsync(new HealthCheckRequest { Service = name });
        Assert.Equal(ServingStatus.Serving, answer.Status);
    }

    [Fact]
    public void Health_and_reflection_are_open_method_by_method_and_nothing_else_beside_them()
    {
        Google.Protobuf.Reflection.ServiceDescriptor[] services = [Health.Descriptor, Reflection.ServerReflection.Descriptor, Grpc.Reflection.V1Alpha.ServerReflection.Descriptor];
        Assert.All(services.SelectMany(service => service.Methods), method => Assert.False(DoorTable.OfMethod($"/{method.Service.FullName}/{method.Name}")!.NeedsCaller));
        Assert.Null(DoorTable.OfMethod("/grpc.health.v1.Health/Set"));
        Assert.Null(DoorTable.OfMethod("/grpc.reflection.v2.ServerReflection/ServerReflectionInfo"));
    }

    [Fact]
    public async Task A_refusal_says_why_to_programs_too()
    {
        await using var hub = await HubFixture.StartAsync();
        var stranger = await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest()));
        Assert.Equal((StatusCode.Unauthenticated, Reason.TokenWrong), (stranger.StatusCode, RpcFault.ReasonOf(stranger)));
        var nobody = await hub.TokenAsync("nobody", [Permission.CasesRead]);
        var denied = await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest(), nobody));
        Assert.Equal((StatusCode.PermissionDenied, Reason.PermissionMissing), (denied.StatusCode, RpcFault.ReasonOf(denied)));
        var malformed = await Assert.ThrowsAsync<RpcException>(async () => await hub.Wallets.GetWalletAsync(new GetWalletRequest { MemberId = "x" }, hub.Admin));
        Assert.Equal((StatusCode.InvalidArgument, Reason.MemberIdMalformed), (malformed.StatusCode, RpcFault.ReasonOf(malformed)));
    }

    [Fact]
    public async Task A_hub_that_stops_says_so_before_it_lets_go()
    {
        await using var hub = await HubFixture.StartAsync();
        using var watch = new Health.HealthClient(hub.Channel).Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(ServingStatus.Serving, watch.ResponseStream.Current.Status);
        var seen = watch.ResponseStream.MoveNext();
        await hub.StopAsync();
        Assert.True(await seen);
        Assert.Equal(ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        await hub.OpenAgainAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_part_that_ends_takes_the_whole_hub_out_of_service_and_is_named(bool isJournal)
    {
        var health = new HealthServiceImpl();
        var log = new CountingLog();
        var journal = new TaskCompletionSource();
        var partitions = new TaskCompletionSource();
        HubHealth.Announce(health, ["", "synchub.v1.Sync"], journal.Task, [new TaskCompletionSource().Task, partitions.Task], log);
        (isJournal ? journal : partitions).SetException(new InvalidOperationException("the disk is full"));
        Assert.Equal(ServingStatus.NotServing, await StateAsync(""));
        Assert.Equal(ServingStatus.NotServing, await StateAsync("synchub.v1.Sync"));
        Assert.Equal(isJournal ? ServingStatus.NotServing : ServingStatus.Serving, await StateAsync(HubHealth.Journal));
        Assert.Equal(isJournal ? ServingStatus.Serving : ServingStatus.NotServing, await StateAsync(HubHealth.Partitions));

        Assert.Equal(isJournal ? 0 : 1, log.Criticals);

        async Task<ServingStatus> StateAsync(string name) => (await health.Check(new HealthCheckRequest { Service = name }, null!)).Status;
    }

    [Fact]
    public async Task The_probe_over_HTTP_says_what_the_health_service_says_of_the_whole_hub()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var health = new HealthServiceImpl();
        builder.Services.AddSingleton(health);
        await using var app = builder.Build();
        Hq.JsonApi.Map(app, new NoStores(), new NoMembers(), new NoWallets());
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        foreach (var state in new[] { ServingStatus.Serving, ServingStatus.NotServing, ServingStatus.Serving })
        {
            health.SetStatus("", state); // cut off from its database, a partition that stopped, and back
            using var answer = await http.GetAsync(new Uri("/healthz", UriKind.Relative));
            Assert.Equal(state == ServingStatus.Serving ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        }
    }

    private sealed class NoStores : V1.Stores.StoresBase;

    private sealed class NoMembers : V1.Members.MembersBase;

    private sealed class NoWallets : V1.Wallets.WalletsBase;

    private sealed class CountingLog : ILogger
    {
        public int Criticals { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Criticals += logLevel == LogLevel.Critical ? 1 : 0;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reflection_is_there_only_where_it_was_asked_for(bool isOn)
    {
        await using var hub = await HubFixture.StartAsync(options => options with { Reflection = isOn });
        using var call = new Reflection.ServerReflection.ServerReflectionClient(hub.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new Reflection.ServerReflectionRequest { ListServices = "" });
        if (isOn)
        {
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Contains("synchub.v1.Sync", call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name));
        }
        else
        {
            var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
            Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
        }
    }
}
