using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Cases;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Cases;
using SyncHub.Storage;

namespace SyncHub.Hub.Sync;

/// <summary>Checks what a machine signed before anything of it is taken, and keeps the proof with the ops.</summary>
/// <remarks>Not thread-safe; the link of its store locks.</remarks>
internal sealed class LogEvidence(StoreId store, HubParts parts)
{
    /// <summary>Checks a run of ops. A run with a bad signature did not come from the store's machine as it is: nothing of it is taken, and HQ hears of it.</summary>
    /// <returns>The end of the log that was signed; and null, or why nothing is taken.</returns>
    public (LogHead Head, string? Fault) Check(Holder life, long first, OpHash previous, OpHash[] hashes, ByteString signature, IStoreConnection connection)
    {
        if (connection.Signatures is not { } check)
        {
            return (default, null);
        }

        var head = LogHead.After(life, first, previous, hashes);
        if (check.Holds(head, signature.Span) || Switches.IsOff(Mechanism.Signatures))
        {
            return (head, null);
        }

        var fault = $"Ops {first} to {head.Sequence} of life {life.Incarnation} of store {store} are not signed by the store's machine: they were changed on the way, or its key file is not the one that its certificate is for.";
        parts.Log.LogError("A run of ops is refused: {Reason}", fault);
        var batch = new JournalBatch();
        CaseBook.Open(batch, CaseRules.BadSignature(life, fault, parts.NowMs()));
        parts.Pipeline.Submit(batch, null, static () => { });
        return (head, fault);
    }

    /// <summary>Keeps the proof of ops that are taken into a chain; called before they are handed on, so that it is durable no later than they are.</summary>
    public void Keep(Holder chain, LogHead head, ByteString signature, IStoreConnection connection)
    {
        if (connection.Signatures is { } check)
        {
            parts.Stores.KeepSigned(chain, head, check.KeyId, signature.Memory);
        }
    }

    /// <summary>Notes that an op came on a receipt, which proves it in its own way.</summary>
    public void KeepReceipt(OpId place) => parts.Stores.KeepReceiptOp(place);
}
