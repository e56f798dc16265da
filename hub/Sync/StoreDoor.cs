using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Stores;
using SyncHub.Protos.Trust;

namespace SyncHub.Hub.Sync;

/// <summary>The door of the stores: who a caller is, its certificate says and nothing else. Every refusal is logged and names the way out.</summary>
/// <remarks>
/// TLS has proved that the caller has the certificate's key. A hub without an authority runs on loopback only (<c>--insecure-loopback</c>): there the
/// caller is whoever it says.
/// </remarks>
internal sealed class StoreDoor(HubParts parts)
{
    private const string Enrol = "Enrol the agent with a code from HQ (`synchub store enrol`, or `store replace` for a new machine).";

    /// <summary>Lets a caller in.</summary>
    /// <returns>The key that it proved; null at a hub without certificates.</returns>
    /// <exception cref="RpcException">UNAUTHENTICATED, with the reason.</exception>
    public (StoreId? Store, StoreKey? Key) Admit(ServerCallContext context)
    {
        if (parts.Certificates is not { } authority)
        {
            return (null, null);
        }

        if (context.GetHttpContext().Connection.ClientCertificate is not { } presented)
        {
            throw Refuse(context, "no store", $"This door takes stores only, and demands a client certificate. {Enrol}");
        }

        if (authority.FindFault(presented) is { } fault)
        {
            throw Refuse(context, presented.Subject, fault);
        }

        if (CertificateNames.ReadStore(presented) is not { } named)
        {
            throw Refuse(context, presented.Subject, "The certificate is not a store's.");
        }

        if (named.Holder.Incarnation.Cell != parts.Stores.Cell.Number)
        {
            throw Refuse(context, presented.Subject, $"The certificate is of cell {named.Holder.Incarnation.Cell}, this hub leads cell {parts.Stores.Cell}. Each cell has certificates of its own.");
        }

        var store = named.Holder.Store;
        if (parts.Stores.Find(store) is not { } known)
        {
            throw Refuse(context, presented.Subject, $"This hub has no store {store}. {Enrol}");
        }

        var publicKey = presented.PublicKey.ExportSubjectPublicKeyInfo();
        var key = known.Keys.FirstOrDefault(key => key.Is(publicKey)) ?? Adopt(store, named, presented, publicKey);
        return key switch
        {
            { Status: StoreKeyStatus.Current } => (store, key),
            { Status: StoreKeyStatus.Issued } => (store, Use(store, key)),
            { Status: StoreKeyStatus.Revoked } => throw Refuse(context, presented.Subject, $"The certificate was revoked. If this machine is the store: `synchub store renew {store}`, then `synchub agent renew` here."),
            { Status: StoreKeyStatus.Retired } => throw Refuse(context, presented.Subject, $"Another key took the place of this one: the store was enrolled anew, or this machine is a copy. If this one is the store: `synchub store renew {store}`, then `synchub agent renew` here."),
            _ => throw Refuse(context, presented.Subject, $"The hub never gave this key to store {store}. {Enrol}"),
        };
    }

    /// <summary>Lets only agents in that mean this hub's cell; one of before cells means the only one.</summary>
    /// <exception cref="RpcException">FAILED_PRECONDITION.</exception>
    public void DemandCell(int number, int count)
    {
        var (cell, said) = (parts.Stores.Cell, new Cell(Math.Max(1, number), Math.Max(1, count)));
        if (said != cell)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.WrongCell, $"This hub leads cell {cell}, the agent means cell {said}. Give it the hubs of each cell in order: --hub 'CELL-1-HUBS;CELL-2-HUBS'.");
        }
    }

    /// <summary>Whether a caller that was let in may stay.</summary>
    public bool IsWelcome(StoreId? store, StoreKey? key) =>
        store is not { } id || key is null || parts.Stores.Find(id)!.Keys.Any(known => known.MaySpeak && known.Is(key.PublicKey.Span));

    // A hub that was restored from a copy may have forgotten that it gave a certificate in an earlier term; the authority has not.
    private StoreKey? Adopt(StoreId store, (Holder Holder, int Term) named, X509Certificate2 presented, byte[] publicKey)
    {
        if (named.Term >= parts.Stores.Term)
        {
            return null;
        }

        var adopted = new StoreKey(publicKey, StoreKeyStatus.Current, named.Holder.Incarnation, parts.NowMs(), new DateTimeOffset(presented.NotAfter).ToUnixTimeMilliseconds());
        parts.Stores.Update(store, known => known with { Keys = StoreKeys.Enrol(known.Keys, adopted, parts.NowMs()) });
        parts.Log.LogWarning("Store {Store} shows a certificate of term {Term} that this hub had forgotten; it is taken", store, named.Term);
        return adopted;
    }

    private StoreKey Use(StoreId store, StoreKey key)
    {
        parts.Stores.Update(store, known => known with { Keys = StoreKeys.Use(known.Keys, key, parts.NowMs()) });
        parts.Log.LogInformation("Store {Store} uses its new certificate", store);
        return key with { Status = StoreKeyStatus.Current };
    }

    private RpcException Refuse(ServerCallContext context, string who, string reason)
    {
        parts.Log.LogWarning("A stream of {Who} from {Peer} was refused: {Reason}", who, context.Peer, reason);
        return RpcFault.Of(StatusCode.Unauthenticated, Reason.StoreUnauthenticated, reason);
    }
}
