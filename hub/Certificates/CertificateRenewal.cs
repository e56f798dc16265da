using Microsoft.Extensions.Logging;

namespace SyncHub.Hub.Certificates;

/// <summary>Looks each hour whether the hub's certificate should be renewed. New connections get the new one; those that are up go on.</summary>
internal sealed class CertificateRenewal : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private readonly ITimer? _timer;

    /// <summary>Starts to look; does nothing at a hub without certificates.</summary>
    public CertificateRenewal(CertificateAuthority? certificates, TimeProvider time, ILogger log) =>
        _timer = certificates is null ? null : time.CreateTimer(_ => Look(certificates, log), state: null, Interval, Interval);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static void Look(CertificateAuthority certificates, ILogger log)
    {
        try
        {
            if (certificates.RenewHubIfDue())
            {
                log.LogInformation("The hub has a new certificate, valid until {Until}", certificates.Hub.NotAfter);
            }
        }
        catch (Exception fault)
        {
            log.LogError(fault, "The hub's certificate, valid until {Until}, could not be renewed; it is tried again in {Interval}", certificates.Hub.NotAfter, Interval);
        }
    }
}
