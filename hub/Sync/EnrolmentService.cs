using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Stores;
using SyncHub.Protos.Trust;
using SyncHub.V1;
using StoreKeyStatus = SyncHub.Hub.Stores.StoreKeyStatus;

namespace SyncHub.Hub.Sync;

/// <summary>Certifies the key of a store's machine: for a one-time code, or for the certificate that it has. Wrong codes are limited.</summary>
/// <remarks>One object for the whole hub, because it counts the wrong tries. What it gives is on the disk before it leaves.</remarks>
internal sealed class EnrolmentService(HubParts parts) : Enrolment.EnrolmentBase
{
    private const int WrongTriesPerMinute = 10;
    private const int LargestRequestBytes = 1024; // an agent's has some 250; checking a large key of another kind would cost much processor time
    private readonly Lock _gate = new();
    private readonly StoreDoor _door = new(parts);
    private long _minute;
    private int _wrongTries;

    /// <inheritdoc/>
    public override Task<AuthorityResponse> Authority(AuthorityRequest request, ServerCallContext context) => parts.Certificates is { } authority
        ? Task.FromResult(new AuthorityResponse { Certificate = UnsafeByteOperations.UnsafeWrap(authority.Certificate) })
        : throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.NoCertificates, "This hub runs without certificates: enrol with --insecure-loopback, on the hub's own machine.");

    /// <inheritdoc/>
    public override async Task<EnrolResponse> Enrol(EnrolRequest request, ServerCallContext context)
    {
        DemandPatience();
        _door.DemandCell(request.Cell, request.Cells); // before the code is used up
        var (key, publicKey) = parts.Certificates is { } authority ? Read(request.CertificateRequest, authority) : default;
        var wasReconciling = parts.Stores.IsReconciling;
        if (parts.Stores.Enrol(EnrolmentCode.TryParse(request.Code)?.Secret ?? "", key, request.Renews) is not { } store)
        {
            CountWrongTry();
            parts.Log.LogWarning("An enrolment from {Peer} was refused: wrong, used or old code, or one for the other purpose", context.Peer);
            throw RpcFault.Of(StatusCode.PermissionDenied, Reason.CodeWrong, "This code is wrong, used or too old, or for another command: `store enrol` and `store replace` go with `agent enrol` and `agent replace`, `store renew` with `agent renew`. Ask HQ for a new one.");
        }

        await DurableAsync(context.CancellationToken).ConfigureAwait(false);
        if (wasReconciling)
        {
            Reconciliation.MendWhenOver(parts);
        }

        parts.Streams.End(store.Id);
        parts.Links.Find(store.Id)?.Cut();
        parts.Log.LogInformation("Store {Store} {How} as life {Life}, with key {Key}", store.Id, request.Renews ? "got a new key" : "was enrolled", store.Incarnation, NameOf(key));
        var response = new EnrolResponse { Store = store.Id.Value, StoreName = store.Name, Incarnation = store.Incarnation.Value, Cell = parts.Stores.Cell.Number, Cells = parts.Stores.Cell.Count };
        if (publicKey is not null)
        {
            response.Certificate = UnsafeByteOperations.UnsafeWrap(parts.Certificates!.IssueStore(publicKey, store.Holder, parts.Stores.Term));
        }

        return response;
    }

    /// <inheritdoc/>
    public override async Task<RenewResponse> Renew(RenewRequest request, ServerCallContext context)
    {
        if (parts.Certificates is not { } authority || _door.Admit(context).Store is not { } store)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.NoCertificates, "This hub runs without certificates.");
        }

        var (key, publicKey) = Read(request.CertificateRequest, authority);
        var known = parts.Stores.Update(store, one => one with { Keys = StoreKeys.Renew(one.Keys, key with { Life = one.Incarnation }, parts.NowMs()) });
        await DurableAsync(context.CancellationToken).ConfigureAwait(false);
        parts.Log.LogInformation("Store {Store} renewed its certificate, with key {Key}", store, NameOf(key));
        return new RenewResponse { Certificate = UnsafeByteOperations.UnsafeWrap(authority.IssueStore(publicKey, known.Holder, parts.Stores.Term)) };
    }

    private (StoreKey Key, PublicKey PublicKey) Read(ByteString request, CertificateAuthority authority)
    {
        if (request.Length > LargestRequestBytes) // before anybody looks at it: strangers come this far
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.CertificateRequestMalformed, $"certificate_request has {request.Length} bytes; one for an ECDSA P-256 key has less than {LargestRequestBytes}.");
        }

        try
        {
            var publicKey = CertificateForms.ReadRequest(request.ToByteArray());
            return (new StoreKey(publicKey.ExportSubjectPublicKeyInfo(), StoreKeyStatus.Issued, default, parts.NowMs(), authority.StoreValidUntil().ToUnixTimeMilliseconds()), publicKey);
        }
        catch (CryptographicException fault)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.CertificateRequestMalformed, $"certificate_request must be a PKCS#10 request signed with its own ECDSA P-256 key: {fault.Message}");
        }
    }

    private static string NameOf(StoreKey? key) => key is null ? "none" : Convert.ToHexStringLower(key.Id.AsSpan(0, 6));

    private async Task DurableAsync(CancellationToken cancellation)
    {
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parts.Pipeline.Submit(new Storage.JournalBatch(), null, () => durable.TrySetResult());
        await durable.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    private void DemandPatience()
    {
        lock (_gate)
        {
            var minute = parts.Time.GetUtcNow().ToUnixTimeSeconds() / 60;
            if (minute != _minute)
            {
                (_minute, _wrongTries) = (minute, 0);
            }

            if (_wrongTries >= WrongTriesPerMinute)
            {
                throw RpcFault.Of(StatusCode.ResourceExhausted, Reason.TooManyCodes, "Too many wrong codes. Try again in a minute.", TimeSpan.FromMinutes(1));
            }
        }
    }

    private void CountWrongTry()
    {
        lock (_gate)
        {
            _wrongTries++;
        }
    }
}
