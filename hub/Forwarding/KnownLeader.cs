using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;

namespace SyncHub.Hub.Forwarding;

/// <summary>The hub that leads, as one that stands by knows it, for as long as it does lead. Thread-safe.</summary>
internal sealed class KnownLeader : IDisposable
{
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(2);

    private readonly CertificateAuthority _authority;
    private readonly CancellationTokenSource _replaced = new();
    private readonly Lock _gate = new();
    private Task<bool>? _takes;

    /// <summary>A leader that was not asked yet.</summary>
    /// <param name="address">Where it is, https.</param>
    /// <param name="authority">By whom hubs know each other.</param>
    public KnownLeader(Uri address, CertificateAuthority authority)
    {
        (Address, _authority) = (address, authority);
        Replaced = _replaced.Token;
    }

    /// <summary>Where it is.</summary>
    public Uri Address { get; }

    /// <summary>Cancelled when another one leads.</summary>
    public CancellationToken Replaced { get; }

    /// <summary>Whether it takes forwarded calls; asked once.</summary>
    /// <remarks>A program of before does not know them, and would take a call for this hub's own, which shows its certificate.</remarks>
    /// <exception cref="RpcException">It does not answer, and is asked again by the next call.</exception>
    public async Task<bool> TakesForwardedAsync()
    {
        Task<bool> asked;
        lock (_gate)
        {
            asked = _takes is { IsFaulted: false, IsCanceled: false } known ? known : _takes = AskAsync();
        }

        return await asked.ConfigureAwait(false);
    }

    /// <summary>A handler that takes only a hub of the chain, and shows this hub's certificate.</summary>
    public SocketsHttpHandler CreateHandler(out HubTrust trust)
    {
        trust = new HubTrust(X509CertificateLoader.LoadCertificate(_authority.Certificate), TimeProvider.System, _authority);
        return trust.CreateHandler(_authority.Hub);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _replaced.Cancel();
        _replaced.Dispose();
    }

    private async Task<bool> AskAsync()
    {
        using var channel = GrpcChannel.ForAddress(Address, new GrpcChannelOptions { HttpHandler = CreateHandler(out _), DisposeHttpClient = true });
        try
        {
            var health = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest { Service = HubHealth.Forwarding }, deadline: DateTime.UtcNow + AskPatience, cancellationToken: Replaced).ResponseAsync.ConfigureAwait(false);
            return health.Status == HealthCheckResponse.Types.ServingStatus.Serving;
        }
        catch (RpcException fault) when (fault.StatusCode == StatusCode.NotFound)
        {
            return false; // it never heard of it
        }
    }
}
