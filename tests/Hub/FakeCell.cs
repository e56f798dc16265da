using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncHub.V1;

namespace SyncHub.Hub.Tests;

/// <summary>Somebody who answers at the address of another hub, with whatever certificate.</summary>
internal sealed class FakeCell : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeCell(WebApplication app) => _app = app;

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>What it shows.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Whether anybody told it for whom he calls.</summary>
    public bool WasTold { get; private set; }

    /// <summary>How often it was asked for stores.</summary>
    public int Asked { get; private set; }

    /// <summary>What of its health it never heard of.</summary>
    public string Unknown { get; init; } = "nothing";

    /// <summary>What it answers when it is asked for stores.</summary>
    public ListStoresResponse Stores { get; set; } = new();

    public static async Task<FakeCell> StartAsync(string unknown = "nothing")
    {
        FakeCell? fake = null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => fake!.Certificate);
        }));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(_ => fake!);
        var app = builder.Build();
        app.MapGrpcService<FakeHealth>();
        app.MapGrpcService<FakeStores>();
        fake = new FakeCell(app) { Unknown = unknown };
        await app.StartAsync();
        return fake;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class FakeHealth(FakeCell fake) : Health.HealthBase
    {
        public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
            request.Service == fake.Unknown ? throw new RpcException(new Status(StatusCode.NotFound, "unknown service")) : Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });
    }

    private sealed class FakeStores(FakeCell fake) : V1.Stores.StoresBase
    {
        public override Task<ListStoresResponse> ListStores(ListStoresRequest request, ServerCallContext context)
        {
            fake.Asked++;
            fake.WasTold |= context.RequestHeaders.Get("synchub-caller-bin") is not null;
            return Task.FromResult(fake.Stores);
        }
    }
}
