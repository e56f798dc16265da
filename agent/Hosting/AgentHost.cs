using System.Net;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
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
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Agent.Hosting;

/// <summary>A running agent: its journal, engine, link to the hub, and the two ports for tills.</summary>
/// <remarks>
/// Thread rule: any thread. Crash rule: it may be killed at any time; the next start goes on from the last committed op.
/// It starts and serves tills whether or not there is a hub.
/// </remarks>
public sealed class AgentHost : IAsyncDisposable
{
    private static readonly HashSet<string> HiddenKeys = ["phone", "card"]; // whoever could read them would have every member's phone
    private const int LargestTillMessageBytes = 64 * 1024;
    private static readonly TimeSpan EnrolDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(5); // longer than any call of a till takes

    private readonly WebApplication _web;
    private readonly AgentLoop _loop;
    private readonly SyncLink _link;
    private readonly IdleRights _idle;
    private readonly QuietTrim _trim = new(TimeProvider.System);
    private readonly ILoggerFactory? _ownLogs;
    private readonly string _readyFile;
    private readonly GuardFile _guard;
    private int _isDisposed;

    private AgentHost(WebApplication web, AgentLoop loop, SyncLink link, IdleRights idle, ILoggerFactory? ownLogs, string readyFile, GuardFile guard)
    {
        _web = web;
        _loop = loop;
        _link = link;
        _idle = idle;
        _ownLogs = ownLogs;
        _readyFile = readyFile;
        _guard = guard;
        var ports = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address).Port).ToArray();
        (TillGrpcPort, TillJsonPort) = (ports[0], ports[1]);
    }

    /// <summary>Where tills speak gRPC.</summary>
    public int TillGrpcPort { get; }

    /// <summary>Where tills speak JSON over HTTP/1.1.</summary>
    public int TillJsonPort { get; }

    /// <summary>Whether the hub is there.</summary>
    public bool IsOnline => _link.IsOnline;

    /// <summary>Completes when the process is asked to stop.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellation) => _web.WaitForShutdownAsync(cancellation);

    /// <summary>Asks the hub, once, who this store is, and keeps the answer in the data folder.</summary>
    /// <param name="dataDirectory">An existing folder without an identity.</param>
    /// <param name="hubAddress"><c>https://host:port</c>.</param>
    /// <param name="caCertificateFile">PEM file of the hub's authority; null or empty for the system's.</param>
    /// <param name="code">The one-time code from headquarters.</param>
    /// <exception cref="AgentStartException">The folder is not fit, or the hub refused; the message names the way out.</exception>
    public static async Task<StoreIdentity> EnrolAsync(string dataDirectory, string hubAddress, string? caCertificateFile, string code)
    {
        ThrowIfFaulty(new AgentOptions { DataDirectory = dataDirectory, HubAddress = hubAddress, CaCertificateFile = caCertificateFile ?? "" });
        if (StoreIdentity.ExistsIn(dataDirectory))
        {
            throw new AgentStartException($"'{dataDirectory}' is enrolled already. Start the agent, or enrol in a new folder.", AgentStartException.BadOptions);
        }

        try
        {
            using var channel = GrpcChannel.ForAddress(hubAddress, new GrpcChannelOptions { HttpHandler = HubChannel.CreateHandler(caCertificateFile ?? ""), DisposeHttpClient = true });
            var answer = await new V1.Enrolment.EnrolmentClient(channel).EnrolAsync(new V1.EnrolRequest { Code = code }, deadline: TimeProvider.System.GetUtcNow().UtcDateTime + EnrolDeadline);
            var identity = new StoreIdentity(answer.Store, answer.StoreName, answer.Incarnation, answer.Secret);
            identity.Write(dataDirectory);
            return identity;
        }
        catch (RpcException fault)
        {
            throw new AgentStartException($"The hub at {hubAddress} did not enrol this store: {fault.Status.Detail} ({fault.StatusCode}). Check the address, or ask headquarters for a new code.", AgentStartException.NoHub, fault);
        }
    }

    /// <summary>Starts an agent; it is listening when the task completes.</summary>
    /// <exception cref="AgentStartException">The options, the identity or the database do not allow it.</exception>
    public static async Task<AgentHost> StartAsync(AgentOptions options, ILoggerFactory? logs = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfFaulty(options);
        var identity = StoreIdentity.Read(options.DataDirectory);
        var ownLogs = logs is null ? AgentLog.Create(options) : null;
        logs ??= ownLogs!;
        var log = logs.CreateLogger("SyncHub.Agent");
        WarnOfPlaintext(options, log);
        AgentLoop? loop = null;
        GuardFile? guard = null;
        var readyFile = Path.Combine(options.DataDirectory, "agent.ready.json");
        try
        {
            guard = GuardFile.Open(options.GuardPath);
            loop = await OpenLoopAsync(options, identity, guard, log);
            var link = new SyncLink(loop, identity, options, TimeProvider.System, log);
            var web = BuildWeb(options, new TillCalls(loop, link), logs);
            File.Delete(readyFile); // one that a killed agent left names ports that are nobody's now
            await web.StartAsync(cancellation);
            var host = new AgentHost(web, loop, link, new IdleRights(loop, link, options.IdleDays, TimeProvider.System, log), ownLogs, readyFile, guard);
            link.Start();
            host._idle.Start();
            host._trim.Start();
            host.WriteReadyFile();
            log.LogInformation("Agent of {Identity} serves tills on {Address}, gRPC port {Grpc}, JSON port {Json}.", identity, options.TillAddress, host.TillGrpcPort, host.TillJsonPort);
            return host;
        }
        catch (Exception fault)
        {
            await (loop?.DisposeAsync() ?? ValueTask.CompletedTask);
            guard?.Dispose();
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

        File.Delete(_readyFile);
        using (var deadline = new CancellationTokenSource(StopDeadline))
        {
            await _web.StopAsync(deadline.Token);
        }

        await _web.DisposeAsync();
        await _trim.DisposeAsync();
        await _idle.DisposeAsync();
        await _link.DisposeAsync();
        await _loop.DisposeAsync();
        _guard.Dispose();
        _ownLogs?.Dispose();
    }

    private static void ThrowIfFaulty(AgentOptions options)
    {
        var faults = options.FindFaults();
        if (faults.Count > 0)
        {
            throw new AgentStartException(string.Join(Environment.NewLine, faults), AgentStartException.BadOptions);
        }
    }

    private static void WarnOfPlaintext(AgentOptions options, ILogger log)
    {
        var hub = new Uri(options.HubAddress);
        if (hub.Scheme == Uri.UriSchemeHttp && !hub.IsLoopback)
        {
            log.LogWarning("HubAddress {Hub} is not encrypted: the store's secret and its members can be read on the way. Use https.", options.HubAddress);
        }
    }

    private static async Task<AgentLoop> OpenLoopAsync(AgentOptions options, StoreIdentity identity, GuardFile guard, ILogger log)
    {
        var journalOptions = new SqliteJournalOptions
        {
            WriterCacheKib = 2048,
            ReaderCacheKib = 1024,
            Readers = 2,
            OnTrouble = trouble => log.LogError("The database has trouble: {Reason}", trouble.Message),
        };
        var path = Path.Combine(options.DataDirectory, "agent.db");
        var ring = KeyRing.Of(path, options.KeyPath);
        IJournal Open() => options.AroundJournal(SqliteJournal.Open(path, journalOptions));
        var journal = await SealedJournal.OpenAsync(Open(), ring, HiddenKeys);
        try
        {
            if (await AgentIdentity.FindOtherOwnerAsync(journal, identity.Holder, identity.Name) is { } other)
            {
                throw new AgentStartException($"{path} belongs to store {other}, but identity.json to store {identity.Holder}. Put the matching identity.json back, or enrol in a new folder.", AgentStartException.BadOptions);
            }

            var loop = new AgentLoop(journal, () => SealedJournal.Reopen(Open(), ring, HiddenKeys),
                (opened, lost) => new AgentEngine(opened, identity.Holder, identity.Name, options.AroundGuard(guard), lostConnection: lost), TimeProvider.System, log);
            loop.Start();
            return loop;
        }
        catch
        {
            await journal.DisposeAsync();
            throw;
        }
    }

    private static WebApplication BuildWeb(AgentOptions options, TillCalls calls, ILoggerFactory logs)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.Replace(ServiceDescriptor.Singleton(logs));
        var address = IPAddress.Parse(options.TillAddress);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureForGrpc();
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, options.TillGrpcPort, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(address, options.TillJsonPort, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddSingleton(calls);
        builder.Services.AddSingleton<TillJson>();
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = LargestTillMessageBytes);
        var web = builder.Build();
        web.MapGrpcService<TillService>();
        web.Services.GetRequiredService<TillJson>().Map(web);
        return web;
    }

    private void WriteReadyFile() => PrivateFile.Write(
        _readyFile,
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, int>(StringComparer.Ordinal) { ["pid"] = Environment.ProcessId, ["tillGrpc"] = TillGrpcPort, ["tillJson"] = TillJsonPort }));
}
