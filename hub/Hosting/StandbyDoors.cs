using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.HealthCheck;
using Grpc.Standard;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Forwarding;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Postgres;
using SyncHub.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace SyncHub.Hub;

/// <summary>The doors of a hub that stands by: calls go on to the one that leads. Whoever would rather call that one itself, and everybody where it is not known or does not answer, is told so.</summary>
/// <remarks>Health says NOT_SERVING, so that balancers send nobody here who could go straight. The same ports and certificates as of the hub that it may become: it opens its own doors
/// after these are closed.</remarks>
internal sealed class StandbyDoors : IAsyncDisposable
{
    private static readonly FileDescriptor[] Files =
    [
        SyncReflection.Descriptor, HqReflection.Descriptor, CreditReflection.Descriptor, CasesReflection.Descriptor, UsersReflection.Descriptor, ApprovalsReflection.Descriptor, AuditReflection.Descriptor,
    ];

    private const string HealthPath = "/healthz"; // asks for this hub, too

    private readonly WebApplication _web;
    private readonly ILogger _log;
    private volatile RpcException _refusal = RefusalOf(default);
    private readonly CertificateRenewal _renewal;
    private readonly Forwarder? _forwarder; // hubs know each other by their certificates

    private StandbyDoors(WebApplication web, CertificateAuthority? certificates, TimeProvider time, ILogger log)
    {
        (_web, _log) = (web, log);
        _renewal = new CertificateRenewal(certificates, time, log); // it may stand by for months
        _forwarder = certificates is null ? null : new Forwarder(certificates, log);
    }

    /// <summary>The ports that were opened.</summary>
    public (int Grpc, int Http) Ports { get; private set; }

    /// <summary>Opens them.</summary>
    /// <exception cref="IOException">A port is in use.</exception>
    public static async Task<StandbyDoors> OpenAsync(HubOptions options, CertificateAuthority? certificates, Action<ILoggingBuilder>? logging, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        logging?.Invoke(builder.Logging);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => HubDoors.Listen(kestrel, options, certificates));
        builder.Services.AddGrpc(options.Limits.ApplyTo);
        builder.Services.AddStandardServices(withReflection: false);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(100)); // the hub's own doors wait for it
        var web = builder.Build();
        var doors = new StandbyDoors(web, certificates, options.Time, web.Services.GetRequiredService<ILoggerFactory>().CreateLogger("SyncHub.Hub.Standby"));
        web.Use(next => http => doors.AnswerAsync(http, next));
        web.MapStandardServices(withReflection: false);
        web.Services.GetRequiredService<HealthServiceImpl>().SetStatus(
            [.. web.MappedNames(), HubHealth.Journal, HubHealth.Partitions, .. Files.SelectMany(file => file.Services).Select(service => service.FullName)], ServingStatus.NotServing);
        await web.StartAsync(cancellation).ConfigureAwait(false);
        doors.Ports = HubReady.PortsOf(web);
        return doors;
    }

    /// <summary>Another hub leads.</summary>
    public void Tell(LeadingWriter leader)
    {
        _refusal = RefusalOf(leader);
        _forwarder?.Tell(leader);
        _log.LogInformation("{Refusal}", _refusal.Status.Detail);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _web.Services.GetRequiredService<HealthServiceImpl>().Shutdown();
        await _renewal.DisposeAsync().ConfigureAwait(false);
        _forwarder?.Dispose(); // streams under way end with a word, and not with their connection
        await _web.StopAsync().ConfigureAwait(false);
        await _web.DisposeAsync().ConfigureAwait(false);
    }

    private static RpcException RefusalOf(LeadingWriter leader) => RpcFault.Of(
        StatusCode.Unavailable,
        Reason.HubStandingBy,
        leader switch
        {
            { Address.Length: > 0 } => $"This hub stands by: {leader.HeldBy} leads, at {leader.Address}. Call that one.",
            { HeldBy.Length: > 0 } => $"This hub stands by: {leader.HeldBy} leads. Call another hub of the chain.",
            _ => "This hub stands by. Call another hub of the chain.",
        },
        metadata: leader.Address is { Length: > 0 } address ? new Dictionary<string, string> { [StandbyReasons.Leader] = address } : null);

    private async Task AnswerAsync(HttpContext http, RequestDelegate next)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null) // health of this hub
        {
            await next(http).ConfigureAwait(false);
        }
        else if (http.Request.Path == HealthPath || http.Request.Headers.ContainsKey(StandbyReasons.LeaderOnly) || _forwarder is null || !await _forwarder.TryForwardAsync(http).ConfigureAwait(false))
        {
            await Refusal.WriteAsync(http, ForwardedCalls.IsGrpc(http), _refusal).ConfigureAwait(false);
        }
    }
}
