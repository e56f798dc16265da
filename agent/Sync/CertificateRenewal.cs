using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using SyncHub.Agent.Hosting;
using SyncHub.Protos.Trust;

namespace SyncHub.Agent.Sync;

/// <summary>Renews this machine's certificate, with a new key, long before its end, while there is a hub.</summary>
/// <remarks>
/// The new key replaces the old one in one write; the connection that is up goes on with the old one, the next one shows the new one, and from then on
/// the hub takes the old one no more. A crash in between leaves the old key, which the hub still takes.
/// </remarks>
internal sealed class CertificateRenewal(StoreIdentity identity, IHubFloor floor, KeyHolder keys, int hubMessageKib, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromMinutes(10);
    private DateTimeOffset _notBefore;

    /// <summary>Renews where it is due. Called while the hub is there; a failure is tried again later.</summary>
    /// <param name="hub">The hub that is there.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task RunIfDueAsync(string hub, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (keys.Current is not { } key || now < key.RenewFrom || now < _notBefore)
        {
            return;
        }

        _notBefore = now + Retry;
        try
        {
            using var draft = new KeyDraft();
            using var channel = HubChannel.Open(hub, hubMessageKib, identity, floor, key, out _);
            var request = new V1.RenewRequest { CertificateRequest = UnsafeByteOperations.UnsafeWrap(draft.Request) };
            var answer = await new V1.Enrolment.EnrolmentClient(channel).RenewAsync(request, deadline: now.UtcDateTime + Deadline, cancellationToken: cancellation);
            draft.Write(keys.Path, answer.Certificate.Span);
            keys.Reload();
            _notBefore = default;
            log.LogInformation("The certificate of this machine was renewed; it is valid until {Until}.", keys.Current!.Certificate.NotAfter);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            log.LogWarning("The certificate of this machine, valid until {Until}, could not be renewed: {Reason} It is tried again in {Retry}.", key.Certificate.NotAfter, fault is RpcException refused ? refused.Status.Detail : fault.Message, Retry);
        }
    }
}
