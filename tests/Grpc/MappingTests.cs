using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>How services are mapped, made and let go, and what else the same application may serve.</summary>
public sealed class MappingTests
{
    [Fact]
    public void Mapping_without_AddGrpc_says_what_is_missing()
    {
        using var app = (IDisposable)WebApplication.CreateSlimBuilder().Build();
        Assert.Contains("AddGrpc", Assert.Throws<InvalidOperationException>(() => ((WebApplication)app).MapGrpcService<CountedService>()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_class_that_is_no_service_is_refused()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        Assert.Throws<InvalidOperationException>(() => app.MapGrpcService<MappingTests>());
    }

    [Fact]
    public async Task Attributes_of_class_and_method_are_metadata_of_the_endpoint()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        app.MapGrpcService<CountedService>().WithMetadata("added");
        var endpoint = Assert.Single(((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints), one => one.DisplayName == "gRPC - /grpctests.Echo/Unary");
        Assert.Equal(typeof(CountedService), endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()!.ServiceType);
        Assert.Equal(["class", "method"], endpoint.Metadata.GetOrderedMetadata<MarkAttribute>().Select(mark => mark.Name));
        Assert.Equal("added", endpoint.Metadata.GetMetadata<string>());
    }

    [Fact]
    public async Task A_service_is_made_and_disposed_of_per_call()
    {
        var counts = new Counts();
        await using var app = await StartAsync(counts, services => { });
        using var channel = GrpcChannel.ForAddress(app.Urls.Single());
        await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest());
        await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest());
        Assert.Equal((2, 2), (counts.Made, counts.Disposed));
    }

    [Fact]
    public async Task A_registered_service_is_used_as_registered()
    {
        var counts = new Counts();
        await using var app = await StartAsync(counts, services => services.AddSingleton<CountedService>());
        using var channel = GrpcChannel.ForAddress(app.Urls.Single());
        await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest());
        await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest());
        Assert.Equal((1, 0), (counts.Made, counts.Disposed));
    }

    [Fact]
    public async Task A_method_that_the_class_leaves_out_is_UNIMPLEMENTED()
    {
        await using var app = await StartAsync(new Counts(), services => { });
        using var channel = GrpcChannel.ForAddress(app.Urls.Single());
        using var call = new Echo.EchoClient(channel).Download(new EchoRequest());
        await call.ResponseStream.MoveNext().Fails(StatusCode.Unimplemented);
    }

    [Fact]
    public async Task Other_endpoints_of_the_application_are_left_alone()
    {
        await using var app = await StartAsync(new Counts(), services => { });
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Assert.Equal("page", await client.GetStringAsync(app.Urls.Single() + "/some/page"));
        using var unknown = await client.PostAsync(app.Urls.Single() + "/no/page", content: null);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    private static async Task<WebApplication> StartAsync(Counts counts, Action<IServiceCollection> configure)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(counts);
        builder.Services.AddGrpc();
        configure(builder.Services);
        var app = builder.Build();
        app.MapGet("/some/page", () => Results.Text("page"));
        app.MapGrpcService<CountedService>();
        await app.StartAsync();
        return app;
    }

    public sealed class Counts
    {
        public int Made { get; set; }

        public int Disposed { get; set; }
    }

    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
    public sealed class MarkAttribute(string name) : Attribute
    {
        public string Name { get; } = name;
    }

    [Mark("class")]
    public sealed class CountedService : Echo.EchoBase, IAsyncDisposable
    {
        private readonly Counts _counts;

        public CountedService(Counts counts)
        {
            _counts = counts;
            counts.Made++;
        }

        [Mark("method")]
        public override Task<EchoReply> Unary(EchoRequest request, ServerCallContext context) => Task.FromResult(new EchoReply());

        public ValueTask DisposeAsync()
        {
            _counts.Disposed++;
            return ValueTask.CompletedTask;
        }
    }
}
