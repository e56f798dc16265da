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
    private static readonly HashSet<string> HiddenKeys = ["phone", "card"]; // whoever could read them would have every member's phone
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(5); // longer than any call of a till takes

    private readonly WebApplication _web;
    private readonly AgentLoop _loop;
    private readonly SyncLink _link;
    private readonly SlowWalk<byte[]> _idle;
    private readonly SlowWalk<(int Collection, byte[] After)> _old;
    private readonly QuietTrim _trim = new(TimeProvider.System);
    private readonly ILoggerFactory? _ownLogs;
    private readonly string _readyFile;
    private readonly GuardFile _guard;
    private int _isDisposed;

    private AgentHost(WebApplication web, AgentLoop loop, SyncLink link, SlowWalk<byte[]> idle, SlowWalk<(int Collection, byte[] After)> old, ILoggerFactory? ownLogs, string readyFile, GuardFile guard)
    {
        _web = web;
        _loop = loop;
        _link = link;
        _idle = idle;
        _old = old;
        _ownLogs = ownLogs;
        _readyFile = readyFile;
        _guard = guard;
        var ports = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address).Port).ToArray();
        (TillGrpcPort, TillJsonPort, TillLanPort) = (ports[0], ports[1], ports.ElementAtOrDefault(2));
    }

    /// <summary>Where tills speak gRPC.</summary>
    public int TillGrpcPort { get; }

    /// <summary>Where tills speak JSON over HTTP/1.1.</summary>
    public int TillJsonPort { get; }

    /// <summary>Where tills on other machines speak both, over TLS; 0 where they cannot.</summary>
    public int TillLanPort { get; }

    /// <summary>Whether the hub is there.</summary>
    public bool IsOnline => _link.IsOnline;

    /// <summary>Completes when the process is asked to stop.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellation) => _web.WaitForShutdownAsync(cancellation);

    /// <summary>Asks the hub, once, who this store is, and keeps the answer: the identity in the data folder, the key beside it.</summary>
    /// <param name="options">An existing folder without an identity, and the hub.</param>
    /// <param name="code">The one-time code from headquarters.</param>
    /// <exception cref="AgentStartException">The folder is not fit, or the hub refused; the message names the way out.</exception>
    public static async Task<StoreIdentity> EnrolAsync(AgentOptions options, string code)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (StoreIdentity.ExistsIn(options.DataDirectory))
        {
            throw new AgentStartException($"'{options.DataDirectory}' is enrolled already. Start the agent, or enrol in a new folder.", AgentStartException.BadOptions);
        }

        using var enrolled = await AgentEnrolment.AskAsync(options, code, renews: false);
        enrolled.Write(options.DataDirectory);
        return enrolled.Identity;
    }

    /// <summary>Gives this machine a new key and certificate with a code from <c>synchub store renew</c>; its database and life go on. The agent may run.</summary>
    /// <param name="options">The folder of the store, and the hub.</param>
    /// <param name="code">The one-time code.</param>
    /// <exception cref="AgentStartException">The code is another store's, or the hub refused; nothing was changed here.</exception>
    public static async Task<StoreIdentity> RenewAsync(AgentOptions options, string code)
    {
        ArgumentNullException.ThrowIfNull(options);
        var identity = StoreIdentity.Read(options.DataDirectory);
        using var enrolled = await AgentEnrolment.AskAsync(options, code, renews: true);
        if (enrolled.Identity.Store != identity.Store)
        {
            throw new AgentStartException($"{options.DataDirectory} is the folder of store {identity.Store}, but the code was for store {enrolled.Identity.Store}. Nothing was changed here; ask headquarters for a new code for each of them.", AgentStartException.BadOptions);
        }

        enrolled.WriteKey(options.DataDirectory);
        identity = identity with { Authority = enrolled.Identity.Authority, Hubs = enrolled.Identity.Hubs };
        identity.Write(options.DataDirectory);
        return identity;
    }

    /// <summary>Starts an agent; it is listening when the task completes.</summary>
    /// <exception cref="AgentStartException">The options, the identity or the database do not allow it.</exception>
    public static async Task<AgentHost> StartAsync(AgentOptions options, ILoggerFactory? logs = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ThrowIfFaulty();
        var identity = StoreIdentity.Read(options.DataDirectory);
        ThrowIfUnlike(options, identity);
        if (!identity.Hubs.SequenceEqual(options.HubAddresses, StringComparer.Ordinal))
        {
            identity = identity with { Hubs = options.HubAddresses };
            identity.Write(options.DataDirectory); // for a start where nobody names them
        }

        var keys = KeyHolder.Open(options);
        var ownLogs = logs is null ? AgentLog.Create(options) : null;
        logs ??= ownLogs!;
        var log = logs.CreateLogger("SyncHub.Agent");
        AgentLoop? loop = null;
        GuardFile? guard = null;
        var readyFile = Path.Combine(options.DataDirectory, "agent.ready.json");
        try
        {
            guard = GuardFile.Open(options.GuardPath);
            loop = await OpenLoopAsync(options, identity, guard, log);
            var link = new SyncLink(loop, identity, keys, options, TimeProvider.System, log);
            var calls = new TillCalls(loop, link);
            link.Orders = calls.DoAsync;
            var web = BuildWeb(options, calls, logs);
            File.Delete(readyFile); // one that a killed agent left names ports that are nobody's now
            web.Services.GetRequiredService<HealthServiceImpl>().SetStatus(web.MappedNames(), ServingStatus.Serving);
            await web.StartAsync(cancellation);
            var host = new AgentHost(web, loop, link, IdleRights.WalkOver(loop, link, options.IdleDays, TimeProvider.System, log), OldRecords.WalkOver(loop, options.RetainDays, TimeProvider.System, log), ownLogs, readyFile, guard);
            link.Start();
            host._idle.Start();
            host._old.Start();
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
        _web.Services.GetRequiredService<HealthServiceImpl>().Shutdown();
        using (var deadline = new CancellationTokenSource(StopDeadline))
        {
            await _web.StopAsync(deadline.Token);
        }

        await _web.DisposeAsync();
        await _trim.DisposeAsync();
        await _idle.DisposeAsync();
        await _old.DisposeAsync();
        await _link.DisposeAsync();
        await _loop.DisposeAsync();
        _guard.Dispose();
        _ownLogs?.Dispose();
    }

    private static void ThrowIfUnlike(AgentOptions options, StoreIdentity identity)
    {
        if (identity.Authority.Length == 0 != options.InsecureLoopback)
        {
            throw new AgentStartException(
                options.InsecureLoopback ? $"--insecure-loopback: {options.DataDirectory} was enrolled at a hub with certificates. Start it without the option."
                    : $"{options.DataDirectory} was enrolled with --insecure-loopback. Start it alike, or enrol in a new folder.",
                AgentStartException.BadOptions);
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

    private void WriteReadyFile() => PrivateFile.Write(
        _readyFile,
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, int>(StringComparer.Ordinal) { ["pid"] = Environment.ProcessId, ["tillGrpc"] = TillGrpcPort, ["tillJson"] = TillJsonPort, ["tillLan"] = TillLanPort }));
}
