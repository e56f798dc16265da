using Grpc.Health.V1;
using Grpc.HealthCheck;
using Grpc.Standard;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Approving;
using SyncHub.Hub.Auditing;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Cells;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Forwarding;
using SyncHub.Hub.OnAccount;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Hq;
using SyncHub.Hub.HqTables;
using SyncHub.Hub.Members;
using SyncHub.Hub.Receipts;
using SyncHub.Hub.Refunds;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sweeps;
using SyncHub.Hub.Sync;
using SyncHub.Hub.Users;
using SyncHub.Storage;
using SyncHub.Storage.Files;
using SyncHub.Storage.Sealing;

namespace SyncHub.Hub;

/// <summary>A running hub: its journal, its partitions and its two doors.</summary>
/// <remarks>Crash rule: everything that was acknowledged is in the journal; a hub that starts again goes on from there.</remarks>
public sealed class HubHost : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly IJournal _journal;
    private readonly PartitionLoop[] _loops;
    private readonly CommitPipeline _pipeline;
    private readonly Task _released;
    private readonly Task _partitions;
    private readonly MemberSweep _sweep;
    private readonly CertificateRenewal _renewal;
    private HubGuard? _guard;
    private JournalWatch? _watch;
    private HqProjector? _hqTables;
    private PartRetention? _retention;
    private HandBack? _handBack;

    private HubHost(WebApplication web, IJournal journal, PartitionLoop[] loops, CommitPipeline pipeline, Task released, Task partitions, MemberSweep sweep, CertificateRenewal renewal)
    {
        _sweep = sweep;
        _renewal = renewal;
        _web = web;
        _journal = journal;
        _loops = loops;
        _pipeline = pipeline;
        _released = released;
        _partitions = partitions;
    }

    /// <summary>Where agents and HQ programs connect.</summary>
    public int GrpcPort { get; private set; }

    /// <summary>Where the JSON view is.</summary>
    public int HttpPort { get; private set; }

    /// <summary>Completes with the reason when the hub cannot go on, because its journal failed.</summary>
    public Task<Exception> Failed => _pipeline.Failed;

    /// <summary>Completes when a hub that is preferred has stood by for long enough: then this one should be disposed of, and stand by. Never at one that is preferred itself.</summary>
    public Task HandsOver => _handBack?.Wanted ?? new TaskCompletionSource().Task;

    /// <summary>Looks at every member now, as the hub does by itself each night: lots whose last day has passed expire.</summary>
    /// <returns>How many members were looked at.</returns>
    public Task<long> SweepAsync(CancellationToken cancellation) => _sweep.RunOnceAsync(cancellation);

    /// <summary>Completes when the tables of HQ, where they are kept, hold every record that is durable now.</summary>
    public Task HqTablesAreCurrentAsync(CancellationToken cancellation) => _hqTables?.ReachAsync(_journal.LastPosition, cancellation) ?? Task.CompletedTask;

    /// <summary>Starts a hub: where another one writes to its journal, when that one has let go or is silent, if it may stand by.</summary>
    /// <exception cref="ArgumentException">The options do not make sense; the message names every fault.</exception>
    /// <exception cref="JournalUnavailableException">The database cannot be opened; the message names the way out.</exception>
    public static async Task<HubHost> StartAsync(HubOptions options, Action<ILoggingBuilder>? logging, CancellationToken cancellation)
    {
        var faults = options.FindFaults();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(options));
        }

        LeaveRoomForACommit();
        PrivateFile.CreateFolder(options.DataDirectory);
        // Before anything else: a hub whose keys others can read does not even open its journal.
        var certificates = options.InsecureLoopback ? null : CertificateAuthority.Open(options.DataDirectory, options.Time, options.StoreCertificateLife);
        var opening = new HubJournal();
        var (journal, ports) = await StandBy.OpenAsync(opening, options, certificates, logging, cancellation).ConfigureAwait(false);
        try
        {
            if (opening.IsShared)
            {
                await SharedSecrets.CheckAsync(journal, options, certificates).ConfigureAwait(false);
            }

            HubGuard.Demand(options.DataDirectory, StoreRegistry.ReadTerm(journal), journal.LastPosition);
            await InstalledAs.FixAsync(journal, options).ConfigureAwait(false);
            certificates?.Raise(VoidHubKeys.ReadFrom(journal));
            return await StartAsync(options with { GrpcPort = ports.Grpc, HttpPort = ports.Http }, certificates, journal, opening, logging, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await journal.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // 0. Probes and balancers look elsewhere. 1. No more calls. 2. No more messages. 3. What was decided becomes durable. 4. The journal closes.
        _web.Services.GetRequiredService<HealthServiceImpl>().Shutdown();
        if (_watch is not null)
        {
            await _watch.DisposeAsync().ConfigureAwait(false);
        }

        if (_handBack is not null)
        {
            await _handBack.DisposeAsync().ConfigureAwait(false);
        }

        if (_hqTables is not null)
        {
            await _hqTables.DisposeAsync().ConfigureAwait(false);
        }

        if (_retention is not null)
        {
            await _retention.DisposeAsync().ConfigureAwait(false);
        }

        await _sweep.DisposeAsync().ConfigureAwait(false);
        await _renewal.DisposeAsync().ConfigureAwait(false);
        await _web.StopAsync().ConfigureAwait(false);
        foreach (var loop in _loops)
        {
            loop.Complete();
        }

        if (!_pipeline.Failed.IsCompleted)
        {
            await _partitions.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // one that failed said so when it did
            _pipeline.Submit(new JournalBatch(), null, static () => { });
        }

        _pipeline.Complete();
        await _released.ConfigureAwait(false);
        if (_guard is not null)
        {
            await _guard.DisposeAsync().ConfigureAwait(false);
        }

        await _journal.DisposeAsync().ConfigureAwait(false);
        await _web.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<HubHost> StartAsync(HubOptions options, CertificateAuthority? certificates, IJournal journal, HubJournal opening, Action<ILoggingBuilder>? logging, CancellationToken cancellation)
    {
        // No watch over configuration files: the hub reads none, and the watcher would wake at every write below the folder it was started in.
        var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
        builder.Logging.ClearProviders();
        logging?.Invoke(builder.Logging);

        // The web server's diary of requests: nobody writes it, and where it is not off altogether each request makes an Activity with identifiers for it.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => HubDoors.Listen(kestrel, options, certificates));
        // What a socket brings is read, decrypted and taken apart by the thread that it woke, and not by three that wake each other: no handler blocks that thread,
        // because the last step, to the stream that a frame is for, has a thread of its own.
        builder.WebHost.UseSockets(static sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.AddGrpc(options.Limits.ApplyTo);
        builder.Services.AddStandardServices(options.Reflection);
        builder.Services.AddSingleton<Authority>();
        builder.Services.AddSingleton(services => Assemble(services, options, certificates, journal) with { IsCutOff = () => JournalWatch.IsCutOff(opening, TimeSpan.FromMilliseconds(options.StorageLeaseMs)) });
        builder.Services.AddSingleton<StoresService>();
        builder.Services.AddSingleton(services => new AccessBooks(services.GetRequiredService<HubParts>(), options));
        builder.Services.AddSingleton<AccessService>();
        builder.Services.AddSingleton<AuditTrailService>();
        builder.Services.AddSingleton(services => services.GetRequiredService<HubParts>().Approvals);
        builder.Services.AddSingleton<MembersService>();
        builder.Services.AddSingleton<CreditService>();
        builder.Services.AddSingleton<CaseBook>();
        builder.Services.AddSingleton<CasesService>();
        builder.Services.AddSingleton<EnrolmentService>();
        builder.Services.AddSingleton<WalletsService>();
        builder.Services.AddSingleton<UsersService>();
        builder.Services.AddSingleton<CashiersService>();
        builder.Services.AddSingleton<ApiTokensService>();
        builder.Services.AddSingleton<ReceiptsService>();
        builder.Services.AddSingleton<ApprovalsService>();
        builder.Services.AddSingleton(services => new CellFront(services.GetRequiredService<HubParts>(), options));
        builder.Services.AddSingleton<CellsService>();
        builder.Services.AddSingleton<ChainMembers>();
        builder.Services.AddSingleton<ChainWallets>();
        builder.Services.AddSingleton<ChainStores>();
        builder.Services.AddSingleton<HubsService>();
        builder.Services.AddSingleton<ChainHubs>();
        builder.Services.AddSingleton<ChainCredits>();
        builder.Services.AddSingleton<ChainCases>();
        builder.Services.AddSingleton<ChainReceipts>();
        builder.Services.AddSingleton<ChainApprovals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        var web = builder.Build();
        opening.LogTo(web.Services.GetRequiredService<ILoggerFactory>().CreateLogger("SyncHub.Storage"));
        var parts = web.Services.GetRequiredService<HubParts>();
        var forwarded = new ForwardedCalls(certificates, parts.Log);
        web.Use(next => http => forwarded.InvokeAsync(http, next)); // before all that asks who calls
        UseDoors(web, parts);
        web.MapGrpcService<SyncService>();
        web.MapGrpcService<EnrolmentService>();
        web.MapGrpcService<CellsService>();
        web.MapGrpcService<ChainMembers>();
        web.MapGrpcService<ChainWallets>();
        web.MapGrpcService<ChainStores>();
        web.MapGrpcService<ChainHubs>();
        web.MapGrpcService<ChainCredits>();
        web.MapGrpcService<ChainCases>();
        web.MapGrpcService<ChainReceipts>();
        web.MapGrpcService<AccessService>();
        web.MapGrpcService<UsersService>();
        web.MapGrpcService<ApiTokensService>();
        web.MapGrpcService<CashiersService>();
        web.MapGrpcService<ChainApprovals>();
        web.MapGrpcService<AuditTrailService>();
        web.MapStandardServices(options.Reflection);
        HubJson.Map(web);

        WarnOfOnePerson(parts);
        parts.Resume();
        var released = Task.Run(parts.Pipeline.RunAsync, CancellationToken.None);
        PartitionLoop[] loops = [.. parts.Grains.Inboxes.Cast<PartitionLoop>()];
        Task[] running = [.. loops.Select(loop => loop.RunAsync())];
        var host = new HubHost(web, journal, loops, parts.Pipeline, released, Task.WhenAll(running), parts.CreateSweep(web.Services.GetRequiredService<ILogger<MemberSweep>>()),
            new CertificateRenewal(certificates, options.Time, parts.Log));
        host._guard = new HubGuard(options.DataDirectory, parts.Stores.Term, journal, parts.Log);
        MergeWork.Resume(journal, parts.Grains);
        host._sweep.Start();
        host._retention = opening.StartRetention(options, web.Services.GetRequiredService<ILogger<PartRetention>>());
        if (options.HqTables)
        {
            host._hqTables = new HqProjector(journal, () => opening.OpenHqTables(options), new Asset(parts.Rules.Rules.Currency), options.Time, web.Services.GetRequiredService<ILogger<HqProjector>>());
            host._hqTables.Start();
        }

        await web.Services.GetRequiredService<AccessBooks>().TakeInSeedsAsync().ConfigureAwait(false);
        var health = web.Services.GetRequiredService<HealthServiceImpl>();
        HubHealth.Announce(health, web.MappedNames(), parts.Pipeline.Failed, running, parts.Log);
        if (certificates is not null)
        {
            health.SetStatus([HubHealth.Forwarding], HealthCheckResponse.Types.ServingStatus.Serving);
        }

        host._watch = opening.IsShared ? new JournalWatch(opening, TimeSpan.FromMilliseconds(options.StorageLeaseMs), health, web.MappedNames(), parts, () => running.Any(partition => partition.IsCompleted)) : null;
        host._handBack = opening.IsShared && !options.IsPreferred ? new HandBack(opening, TimeSpan.FromMilliseconds(options.StorageLeaseMs), parts.Log) : null;
        await web.StartAsync(cancellation).ConfigureAwait(false);
        (host.GrpcPort, host.HttpPort) = HubReady.PortsOf(web);
        await opening.AnnounceAsync(options.AddressOn(host.GrpcPort)).ConfigureAwait(false);
        HubReady.Write(options.DataDirectory, (host.GrpcPort, host.HttpPort), isLeading: true);
        return host;
    }

    // What lets one person alone move value is said at each start, so that nobody finds it out afterwards.
    private static void WarnOfOnePerson(HubParts parts)
    {
        if (parts.Rules.Rules.Cashiers is { OnePersonIsEnough: true })
        {
            parts.Log.LogWarning("One person alone adjusts, refunds and voids at the tills of every store: cashiers.onePersonIsEnough of the ruleset");
        }

        if (parts.OnePersonIsEnough)
        {
            parts.Log.LogWarning("One person alone reclaims, orders value by hand and sets credit limits at headquarters: --one-person-is-enough");
        }
    }

    // One thread of the pool may be committing (CommitPipeline): as many as there are processors go on beside it, also where the disk is slow.
    private static void LeaveRoomForACommit()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + 1), completions);
    }

    private static void UseDoors(WebApplication web, HubParts parts)
    {
        var guard = new DoorGuard(web.Services.GetRequiredService<AccessBooks>(), new CellDoor(parts), parts.Pipeline, parts.Time, web.Services.GetRequiredService<ILogger<DoorGuard>>());
        web.Use(next => http => guard.InvokeAsync(http, next));
    }

    private static HubParts Assemble(IServiceProvider services, HubOptions options, CertificateAuthority? certificates, IJournal journal)
    {
        var log = services.GetRequiredService<ILoggerFactory>();
        var time = options.Time;
        var rules = new RulesetInForce(options.LoadRuleset());
        var stores = StoreRegistry.Load(journal, time, options.Cell);
        var links = new LinkDirectory();
        var grains = new GrainDirectory();
        var schedule = new Schedule(time, log.CreateLogger<Schedule>());
        var router = new EffectRouter(links, stores, rules, schedule, grains, log.CreateLogger<EffectRouter>());
        var pipeline = new CommitPipeline(journal, stores, log.CreateLogger<CommitPipeline>()) { Trail = TrailWriter.Open(journal, time), Released = router.Acknowledge };
        var context = new TurnContext(time, options.LoadPlacement(), rules, links, stores, new ClaimBook(journal), new MergeWork(journal), new ClosedDays(journal));
        var loops = PartitionSettings.LoopsFor(options.Partitions);
        var settings = new PartitionSettings(Math.Max(1, options.GrainBudget / loops));
        grains.Use([.. Enumerable.Range(0, loops).Select(_ =>
            new PartitionLoop(new Partition(options.Partitions, settings, journal, context, router, grains, log.CreateLogger<Partition>()), settings, pipeline))], options.Partitions, pipeline);
        return new HubParts(journal, stores, rules, links, grains, pipeline, router, schedule, time, log.CreateLogger("SyncHub.Hub.Sync"), FloorDenials.Load(journal)) { ReceiptKeys = ReceiptKeys.Open(options.DataDirectory), Certificates = certificates, LeaseMs = options.LeaseHours * 3_600_000L, OnePersonIsEnough = options.OnePersonIsEnough, ApprovalAboveMinor = options.ApprovalAboveMinor, OrderPatience = options.OrderPatience, Pins = new PinBook(journal, PinKeys.Open(options.DataDirectory)) };
    }
}
