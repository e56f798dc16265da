using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SyncHub.GrpcBench.Serve;

/// <summary>Our gRPC and the plain endpoints beside it, on one port of one Kestrel.</summary>
internal static class BenchServer
{
    /// <summary>Serves until the process is told to stop.</summary>
    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);

        // As hub and agent have it, and for the plain endpoints too: no Activity for each request, no header that names the server.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureForGrpc();
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ListenLocalhost(port, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        app.MapGrpcService<BenchService>();
        app.MapPost("/plain/unary", (RequestDelegate)AnswerAsync);
        app.MapPost("/plain/upload", (RequestDelegate)DrainAsync);
        app.MapGet("/plain/download", (RequestDelegate)SendAsync);
        app.MapGet("/allocated", (RequestDelegate)(http => http.Response.WriteAsync(GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture))));
        await app.RunAsync();
    }

    private static async Task AnswerAsync(HttpContext http)
    {
        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            if (read.IsCompleted)
            {
                foreach (var segment in read.Buffer)
                {
                    http.Response.BodyWriter.Write(segment.Span);
                }

                reader.AdvanceTo(read.Buffer.End);
                return;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static async Task DrainAsync(HttpContext http)
    {
        var bytes = 0L;
        var reader = http.Request.BodyReader;
        for (var read = await reader.ReadAsync(); ; read = await reader.ReadAsync())
        {
            bytes += read.Buffer.Length;
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                await http.Response.WriteAsync(bytes.ToString(CultureInfo.InvariantCulture));
                return;
            }
        }
    }

    private static async Task SendAsync(HttpContext http)
    {
        await http.Response.StartAsync();
        while (!http.RequestAborted.IsCancellationRequested)
        {
            var sent = await http.Response.BodyWriter.WriteAsync(Payload.Gathered, http.RequestAborted);
            if (sent.IsCompleted || sent.IsCanceled)
            {
                return;
            }
        }
    }
}
