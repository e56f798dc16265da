using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

/// <summary>The hubs themselves, for HQ: keys that were stolen are shut out.</summary>
internal sealed class HubsService(HubParts parts, Authority authority) : Hubs.HubsBase
{
    private const int LongestName = 64;

    /// <summary>From when on certificates count where now is meant.</summary>
    /// <exception cref="RpcException">FAILED_PRECONDITION: there are no certificates.</exception>
    public long NextVoidMs() => Certificates.NextVoidMs();

    private CertificateAuthority Certificates => parts.Certificates
        ?? throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.NoCertificates, "This hub runs with --insecure-loopback and has no certificates.");

    /// <inheritdoc/>
    public override async Task<RevokeKeysResponse> RevokeKeys(RevokeKeysRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        request.Approver = call.NameFor(request.Approver);
        var certificates = Certificates;
        if (request.Approver.Length is 0 or > LongestName || request.VoidBeforeMs < 0 || request.VoidBeforeMs > parts.NowMs() + (long)HubTrust.ClockTolerance.TotalMilliseconds)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"approver (1 to {LongestName} characters) says who decides this; void_before_ms is 0 or a time of now.");
        }

        // 1. The journal, for whichever hub leads next. 2. This hub's own certificate, which says it to whoever connects. 3. Those that are connected.
        var voidBeforeMs = Math.Max(request.VoidBeforeMs > 0 ? request.VoidBeforeMs : certificates.NextVoidMs(), certificates.VoidBeforeMs);
        var batch = new JournalBatch();
        batch.Documents.Add(VoidHubKeys.Write(voidBeforeMs));
        await parts.Pipeline.CommitAsync(batch).ConfigureAwait(false);
        certificates.Raise(voidBeforeMs);
        var told = new HubFrame { HubCertificate = new HubCertificate { Certificate = ByteString.CopyFrom(certificates.Hub.RawData) } };
        foreach (var link in parts.Links.All)
        {
            link.Send(told);
        }

        parts.Log.LogWarning("All certificates that hubs were given before {Time} are void: approved by {Approver}", DateTimeOffset.FromUnixTimeMilliseconds(voidBeforeMs), request.Approver);
        return new RevokeKeysResponse { VoidBeforeMs = voidBeforeMs };
    }
}
