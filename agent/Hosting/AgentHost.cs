using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using Grpc.HealthCheck;
using Grpc.Standard;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Sync;
using SyncHub.Agent.Till;
using SyncHub.Storage;
using SyncHub.Storage.Files;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace SyncHub.Agent.Hosting;

/// <summary>A running agent: its journal, engine, link to the hub, and the two ports for tills.</summary>
/// <remarks>
/// Thread rule: any thread. Crash rule: it may be killed at any time; the next start goes on from the last committed op.
/// It starts and serves tills whether or not there is a hub.
/// </remarks>
public sealed class AgentHost : IAsyncDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(5); // longer than any call of a till takes

    private readonly WebApplication _web;
    private readonly IReadOnlyList<StoreCell> _cells;
    private readonly QuietTrim _trim = new(TimeProvider.System);
    private readonly ILoggerFactory? _ownLogs;
    private readonly ReadyFile _readyFile;
    private int _isDisposed;

    private AgentHost(WebApplication web, IReadOnlyList<StoreCell> cells, ILoggerFactory? ownLogs, ReadyFile readyFile)
    {
        _web = web;
        _cells = cells;
        _ownLogs = ownLogs;
        _readyFile = readyFile;
        var ports = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address).Port).ToArray();
        (TillGrpcPort, TillJsonPort, TillLanPort) = (ports[0], ports[1], ports.ElementAtOrDefault(2));
    }

    /// <summary>Where tills speak gRPC.</summary>
    public int TillGrpcPort { get; }

    /// <summary>Where tills speak JSON over HTTP/1.1.</summary>
    public int TillJsonPort { get; }

    /// <summary>Where tills on other machines speak both, over TLS; 0 where they cannot.</summary>
    public int TillLanPort { get; }

    /// <summary>Whether the hub is there, of each cell.</summary>
    public bool IsOnline => _cells.All(cell => cell.IsOnline);

    /// <summary>Completes when the process is asked to stop.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellation) => _web.WaitForShutdownAsync(cancellation);

    /// <summary>Asks the hub of each cell, once, who this store is, and keeps the answers: the identity in the data folder, the key beside it.</summary>
    /// <param name="options">An existing folder without an identity, and the hubs.</param>
    /// <param name="code">The one-time code from headquarters; one for each cell, with + between them.</param>
    /// <exception cref="AgentStartException">The folder is not fit, or a hub refused; the message names the way out.</exception>
    public static Task<StoreIdentity> EnrolAsync(AgentOptions options, string code) => AgentEnrolment.EnrolAsync(options, code);

    /// <summary>Gives this machine new keys and certificates with a code from <c>synchub store renew</c>; its databases and lives go on. The agent may run.</summary>
    /// <param name="options">The folder of the store, and the hubs.</param>
    /// <param name="code">The one-time code; one for each cell, with + between them.</param>
    /// <exception cref="AgentStartException">The code is another store's, or a hub refused.</exception>
    public static Task<StoreIdentity> RenewAsync(AgentOptions options, string code) => AgentEnrolment.RenewAsync(options, code);

    /// <summary>Starts an agent; it is listening when the task completes.</summary>
    /// <exception cref="AgentStartException">The options, the identity or the database do not allow it.</exception>
    public static async Task<AgentHost> StartAsync(AgentOptions options, ILoggerFactory? logs = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ThrowIfFaulty();
        var identities = CellFolders.Read(options);
        var ownLogs = logs is null ? AgentLog.Create(options) : null;
        logs ??= ownLogs!;
        var log = logs.CreateLogger("SyncHub.Agent");
        var cells = new List<StoreCell>(identities.Count);
        var readyFile = Path.Combine(options.DataDirectory, "agent.ready.json");
        try
        {
            identities = CellFolders.KeepHubs(options, identities, log);
            foreach (var identity in identities)
            {
                cells.Add(await StoreCell.OpenAsync(options.ForCell(identity.InCell), identity, log));
            }

            var web = BuildWeb(options, new TillCalls([.. cells.Select(cell => cell.Calls)]), logs);
            File.Delete(readyFile); // one that a killed agent left names ports that are nobody's now
            web.Services.GetRequiredService<HealthServiceImpl>().SetStatus(web.MappedNames(), ServingStatus.Serving);
            await web.StartAsync(cancellation);
            var host = new AgentHost(web, cells, ownLogs, new ReadyFile(readyFile, log, TimeProvider.System));
            cells.ForEach(cell => cell.Start());
            host._trim.Start();
            host.WriteReadyFile();
            log.LogInformation("Agent of {Identity} serves tills on {Address}, gRPC port {Grpc}, JSON port {Json}.", identities[0], options.TillAddress, host.TillGrpcPort, host.TillJsonPort);
            return host;
        }
        catch (Exception fault)
        {
            foreach (var cell in cells)
            {
                await cell.DisposeAsync();
            }

            ownLogs?.Dispose();
            throw fault switch
            {
                JournalException => new AgentStartException($"The database of this store cannot be used: {fault.Message}", AgentStartException.NoStorage, fault),
                IOException => new AgentStartException($"The agent cannot listen or write: {fault.Message} Free the port or the disk, or choose another.", AgentStartException.BadOptions, fault),
                _ => fault,
            };
        }
    }

    /// <summary>Stops taking calls, answers those under way, and closes the database.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _readyFile.DisposeAsync();
        _web.Services.GetRequiredService<HealthServiceImpl>().Shutdown();
        using (var deadline = new CancellationTokenSource(StopDeadline))
        {
            await _web.StopAsync(deadline.Token);
        }

        await _web.DisposeAsync();
        await _trim.DisposeAsync();
        foreach (var cell in _cells)
        {
            await cell.DisposeAsync();
        }

        _ownLogs?.Dispose();
    }

    private static WebApplication BuildWeb(AgentOptions options, TillCalls calls, ILoggerFactory logs)
    {
        // No watch over configuration files: the agent reads none, and the watcher would wake at every write below the folder it was started in.
        var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
        builder.Services.Replace(ServiceDescriptor.Singleton(logs));
        var address = IPAddress.Parse(options.TillAddress);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            options.Limits.ApplyTo(kestrel);
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, options.TillGrpcPort, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(address, options.TillJsonPort, listen => listen.Protocols = HttpProtocols.Http1);
            if (options.TillLanAddress.Length > 0)
            {
                kestrel.Listen(IPAddress.Parse(options.TillLanAddress), options.TillLanPort, listen => ListenOnLan(listen, options));
            }
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddSingleton(calls);
        builder.Services.AddSingleton<TillJson>();
        builder.Services.AddSingleton(new TillPairs(options.DataDirectory));
        builder.Services.AddSingleton<TillDoor>();
        builder.Services.AddGrpc(options.Limits.ApplyTo);
        builder.Services.AddStandardServices(options.Reflection);
        var web = builder.Build();
        var door = web.Services.GetRequiredService<TillDoor>();
        web.Use(next => http => door.InvokeAsync(http, next));
        web.MapGrpcService<TillService>();
        web.MapStandardServices(options.Reflection);
        web.Services.GetRequiredService<TillJson>().Map(web);
        return web;
    }

    private static void ListenOnLan(ListenOptions listen, AgentOptions options)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.Use(next => connection =>
        {
            connection.Features.Set(LanDoor.Mark);
            return next(connection);
        });
        listen.UseHttps(TillCertificate.OpenOrMake(options.DataDirectory, TimeProvider.System.GetUtcNow()), tls => tls.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13);
    }

    private void WriteReadyFile() => _readyFile.Write(
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, int>(StringComparer.Ordinal) { ["pid"] = Environment.ProcessId, ["tillGrpc"] = TillGrpcPort, ["tillJson"] = TillJsonPort, ["tillLan"] = TillLanPort }));
}
