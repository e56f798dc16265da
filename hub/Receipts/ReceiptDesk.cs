using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;
using OpId = SyncHub.Core.Primitives.OpId;

namespace SyncHub.Hub.Receipts;

/// <summary>Takes receipts that are handed in: the op of a store that cannot report it any more becomes a fact (protocol.md 1.8).</summary>
/// <remarks>
/// An authentic receipt is written down before anything else. Of a life that was reclaimed its op is taken in; any other life still reports by
/// itself, and its receipts wait: until the op comes in its log, or until the life is reclaimed after all. Thread-safe; what waits is read at the start.
/// </remarks>
internal sealed class ReceiptDesk(HubParts parts, ReceiptKeys keys)
{
    private const string Documents = "receipt";
    private readonly Lock _gate = new();
    private readonly SortedSet<(OpId Op, ulong HashHead)> _waiting = [];

    /// <summary>Takes a code.</summary>
    public async Task<HandInReceiptResponse> HandInAsync(string code, CancellationToken cancellation)
    {
        if (ReceiptCodec.TryRead(code) is not { } receipt)
        {
            return NoReceipt();
        }

        var answered = new TaskCompletionSource<HandInReceiptResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        HandIn(receipt, response => answered.TrySetResult(response));
        return await answered.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes a receipt, and answers when it is durable. The answer must neither block nor throw.</summary>
    public void HandIn(OutOfBandOp handed, Action<HandInReceiptResponse> answer)
    {
        var (response, receipt) = Examine(handed);
        if (receipt is null)
        {
            answer(response);
            return;
        }

        Keep(receipt, () => parts.Schedule.Run(() =>
        {
            Take(receipt, response);
            answer(response);
        }));
    }

    /// <summary>Step 1: what the code says, and whether a till of ours printed it.</summary>
    /// <returns>The answer; complete where there is no receipt beside it.</returns>
    internal (HandInReceiptResponse Response, OutOfBandOp? Receipt) Examine(string code) =>
        ReceiptCodec.TryRead(code) is { } receipt ? Examine(receipt) : (NoReceipt(), null);

    /// <summary>Step 2: writes an authentic receipt down.</summary>
    internal void Keep(OutOfBandOp receipt, Action durable)
    {
        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite(Documents, KeyOf(NameOf(receipt)), receipt.ToByteArray(), OnlyIfAbsent: true));
        parts.Pipeline.Submit(batch, null, durable);
    }

    /// <summary>Step 3, when it is durable: takes the op in where its store cannot report it any more.</summary>
    internal void Take(OutOfBandOp receipt, HandInReceiptResponse response)
    {
        var name = NameOf(receipt);
        (response.Outcome, response.Note) = Take(name, receipt);
        if (response.Outcome == ReceiptOutcome.Known)
        {
            return;
        }

        // Not before: what waits may be taken in meanwhile, and whoever brought it would hear that it was known. After: the life may have been given up in between.
        Wait(name);
        if (response.Outcome == ReceiptOutcome.WillCome)
        {
            (response.Outcome, response.Note) = Take(name, receipt);
        }
    }

    /// <summary>Reads what waits, and looks at all of it.</summary>
    public void Resume()
    {
        foreach (var document in Switches.IsOff(Mechanism.ReceiptsAreKept) ? [] : parts.Journal.ReadDocuments(Documents, default, default, int.MaxValue))
        {
            Wait(ReceiptCodec.ReadKey(document.Key));
            Retry(document.Key, document.Value);
        }
    }

    /// <summary>A life was reclaimed: what waits of it counts now.</summary>
    public void OnReclaimed(Holder life) => RetryWaiting(life, long.MaxValue);

    /// <summary>The log of a life is here up to a sequence: a receipt of an op up to there is known now, and is forgotten.</summary>
    public void OnCommitted(Holder life, long sequence) => RetryWaiting(life, sequence);

    private (HandInReceiptResponse Response, OutOfBandOp? Receipt) Examine(OutOfBandOp receipt)
    {
        if (ReceiptCodec.TryReadOp(receipt) is not { } op)
        {
            return (NoReceipt(), null);
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

    private void RetryWaiting(Holder life, long upTo)
    {
        (OpId Op, ulong HashHead)[] due;
        lock (_gate)
        {
            due = _waiting.Count == 0 || Switches.IsOff(Mechanism.ReceiptsAreKept) ? [] : [.. _waiting.GetViewBetween((new OpId(life, 0), 0), (new OpId(life, upTo), ulong.MaxValue))];
        }

        foreach (var name in due)
        {
            // Not within the caller's turn: it may hold its link's lock.
            parts.Schedule.Run(() =>
            {
                if (parts.Journal.ReadDocument(Documents, KeyOf(name)) is { } document)
                {
                    Retry(KeyOf(name), document);
                }
            });
        }
    }

    private void Retry(byte[] key, byte[] document)
    {
        var receipt = OutOfBandOp.Parser.ParseFrom(document);
        Take(ReceiptCodec.ReadKey(key), receipt);
    }

    private (ReceiptOutcome Outcome, string Note) Take((OpId Op, ulong HashHead) name, OutOfBandOp receipt)
    {
        var op = name.Op;
        var previous = OpHash.FromBytes(receipt.PreviousHash.Span);
        var fact = parts.Journal.ReadFacts(new ProducerId(op.Holder.Store.Value, op.Holder.Incarnation.Value), op.Sequence, 1, int.MaxValue);
        if (fact.Count == 1 && fact[0].Sequence == op.Sequence && OpHash.FromBytes(fact[0].Hash) == previous.Next(receipt.Envelope.Span))
        {
            Forget(name);
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

    private void Forget((OpId Op, ulong HashHead) name)
    {
        lock (_gate)
        {
            _waiting.Remove(name);
        }

        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite(Documents, KeyOf(name), null));
        parts.Pipeline.Submit(batch, null, static () => { });
    }

    private void Wait((OpId Op, ulong HashHead) name)
    {
        lock (_gate)
        {
            _waiting.Add(name);
        }
    }

    private static HandInReceiptResponse NoReceipt() => new() { Outcome = ReceiptOutcome.Refused, Note = "This is no code of a receipt. Scan it again, or type it as it is printed." };

    // Two machines with one number print two receipts, and both are authentic: the machine before it was restored, and after.
    private static (OpId Op, ulong HashHead) NameOf(OutOfBandOp receipt) =>
        (ReceiptCodec.TryReadOp(receipt)!.Id, Switches.IsOff(Mechanism.ReceiptsTellHistories) ? 0 : ReceiptCodec.HashOf(receipt).Head);

    private static byte[] KeyOf((OpId Op, ulong HashHead) name) => ReceiptCodec.KeyOf(name.Op, name.HashHead);
}
