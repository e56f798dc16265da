using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SyncHub.Interop.Service;

/// <summary>Serves the interoperability cases on plaintext.</summary>
internal static class InteropServer
{
    /// <summary>Serves until the process is told to stop.</summary>
    public static async Task RunUntilStoppedAsync(int port, TimeSpan maxConnectionAge, CancellationToken cancellation)
    {
        await using var app = await StartAsync(port, maxConnectionAge, cancellation);
        Console.WriteLine($"listening on {port}");
        await app.WaitForShutdownAsync(cancellation);
    }

    /// <summary>Starts to serve; a <paramref name="maxConnectionAge"/> above zero closes older connections when their last call ends.</summary>
    public static async Task<WebApplication> StartAsync(int port, TimeSpan maxConnectionAge, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureForGrpc();
            kestrel.ListenAnyIP(port, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                if (maxConnectionAge > TimeSpan.Zero)
                {
                    listen.UseGrpcConnectionAge(maxConnectionAge);
                }
            });
        });
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.Use((context, next) =>
        {
            context.Request.Body = new FrameFlags(context.Request.Body);
            return next(context);
        });
        app.MapGrpcService<TestService>();
        await app.StartAsync(cancellation);
        return app;
    }
}
