using System.Buffers.Binary;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;
using OpId = SyncHub.Core.Primitives.OpId;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Receipts;

/// <summary>Takes receipts that are handed in: the op of a store that cannot report it any more becomes a fact (protocol.md 1.8).</summary>
/// <remarks>
/// An authentic receipt is written down before anything else. Of a life that was reclaimed its op is taken in; any other life still reports by
/// itself, and its receipts wait, to be taken in when it is reclaimed after all: at the next start, or with the next receipt.
/// </remarks>
internal sealed class ReceiptDesk(HubParts parts, ReceiptKeys keys)
{
    private const string Documents = "receipt";

    /// <summary>Takes a code.</summary>
    public async Task<HandInReceiptResponse> HandInAsync(string code, CancellationToken cancellation)
    {
        var (response, receipt) = Examine(code);
        if (receipt is null)
        {
            return response;
        }

        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Keep(receipt, () => durable.TrySetResult());
        await durable.Task.WaitAsync(cancellation).ConfigureAwait(false);
        Take(receipt, response);
        return response;
    }

    /// <summary>Step 1: what the code says, and whether a till of ours printed it.</summary>
    /// <returns>The answer; complete where there is no receipt beside it.</returns>
    internal (HandInReceiptResponse Response, OutOfBandOp? Receipt) Examine(string code)
    {
        if (ReceiptCodec.TryRead(code) is not { } receipt || Read(receipt) is not { } op)
        {
            return (new HandInReceiptResponse { Outcome = ReceiptOutcome.Refused, Note = "This is no code of a receipt. Scan it again, or type it as it is printed." }, null);
        }

        var response = new HandInReceiptResponse { Op = OpIdCodec.ToWire(op.Id), MemberId = op.Member.ToString() };
        if (parts.Stores.Find(op.Id.Holder.Store)?.Lives.Find(op.Id.Holder.Incarnation) is not { Status: not Core.Identity.LifeStatus.Branch } || !ReceiptCodec.IsAuthentic(receipt, keys.KeyOf(op.Id.Holder)))
        {
            parts.Log.LogWarning("A receipt that names op {Op} was refused: it was not printed by that store", op.Id);
            response.Outcome = ReceiptOutcome.Refused;
            response.Note = "The receipt was not printed by the store that it names, or was changed since.";
            return (response, null);
        }

        return (response, receipt);
    }

    /// <summary>Step 2: writes an authentic receipt down.</summary>
    internal void Keep(OutOfBandOp receipt, Action durable)
    {
        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite(Documents, KeyOf(Read(receipt)!.Id), receipt.ToByteArray(), OnlyIfAbsent: true));
        parts.Pipeline.Submit(batch, null, durable);
    }

    /// <summary>Step 3, when it is durable: takes the op in where its store cannot report it any more.</summary>
    internal void Take(OutOfBandOp receipt, HandInReceiptResponse response) => (response.Outcome, response.Note) = Take(Read(receipt)!.Id, receipt);

    /// <summary>Looks again at every receipt that waits.</summary>
    public void Resume()
    {
        foreach (var document in parts.Journal.ReadDocuments(Documents, default, default, int.MaxValue))
        {
            var receipt = OutOfBandOp.Parser.ParseFrom(document.Value);
            if (Read(receipt) is { } op)
            {
                Take(op.Id, receipt);
            }
        }
    }

    private (ReceiptOutcome Outcome, string Note) Take(OpId op, OutOfBandOp receipt)
    {
        var previous = OpHash.FromBytes(receipt.PreviousHash.Span);
        var fact = parts.Journal.ReadFacts(new ProducerId(op.Holder.Store.Value, op.Holder.Incarnation.Value), op.Sequence, 1, int.MaxValue);
        if (fact.Count == 1 && fact[0].Sequence == op.Sequence && OpHash.FromBytes(fact[0].Hash) == previous.Next(receipt.Envelope.Span))
        {
            Forget(op);
            return (ReceiptOutcome.Known, "Headquarters has this op already.");
        }

        if (parts.Stores.Find(op.Holder.Store)!.Lives.Find(op.Holder.Incarnation) is not { Release: Core.Identity.ReleaseKind.Reclaimed })
        {
            return (ReceiptOutcome.WillCome, $"Store {op.Holder.Store} has not reported this op yet and still can. The receipt is kept, and counts when the store is given up.");
        }

        var link = parts.Links.GetOrAdd(op.Holder.Store, id => new StoreLink(id, parts));
        return link.OnReceipt(op, previous, receipt.Envelope.Memory)
            ? (ReceiptOutcome.TakenIn, "The op was taken in as a fact.")
            : (ReceiptOutcome.Known, "Headquarters has this op already.");
    }

    private void Forget(OpId op)
    {
        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite(Documents, KeyOf(op), null));
        parts.Pipeline.Submit(batch, null, static () => { });
    }

    // Only what a till prints: all of it names a member.
    private static Op? Read(OutOfBandOp receipt)
    {
        try
        {
            var op = OpCodec.Decode(receipt.Envelope.Memory);
            return op.Type is OpType.TopUp or OpType.Sale or OpType.Redeem or OpType.Void or OpType.Refund && op.Member != default && op.Id.Sequence > 0 ? op : null;
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidDataException)
        {
            return null;
        }
    }

    private static byte[] KeyOf(OpId op)
    {
        var key = new byte[20];
        BinaryPrimitives.WriteInt32BigEndian(key, op.Holder.Store.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(4), op.Holder.Incarnation.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(12), op.Sequence);
        return key;
    }
}
