using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>Receipts: shown again, and handed in for stores that cannot report any more.</summary>
internal sealed partial class TillDesk
{
    /// <summary>What was handed in and headquarters has not answered yet.</summary>
    public HandedReceipts HandedIn { get; } = new(work);

    /// <summary>Tells a hub that was restored which refund rights it had moved here.</summary>
    public EngineReply ReportRights(ReportRefundRights report) => _rights.Report(report, memory.ClosedUpTo);

    private EngineReply ShowReceipt(TillCall call, V1.ShowReceiptRequest request)
    {
        if (request.Op is null)
        {
            return Refuse(call, RejectionCode.InvalidRequest, "op must name an op of this store, as printed on its receipt.");
        }

        var id = OpIdCodec.ToCore(request.Op);
        if (id.Holder != work.Holder || work.ReadOp(id.Sequence) is not { } op)
        {
            return Refuse(call, RejectionCode.UnknownOp, "This store has no op of that number in its present log. Show it at the store that printed the receipt.");
        }

        var code = Receipts.CodeOf(id);
        return code.Length == 0
            ? Refuse(call, RejectionCode.UnknownOp, "That op has no code: the store had not met headquarters yet, or the op is too large for a receipt.")
            : new EngineReply { Answer = new V1.ShowReceiptAnswer { Receipt = WithCode(_requests.FindReceipt(op.RequestId) ?? Answers.Receipt(op, default, "")) } };
    }

    private EngineReply HandIn(TillCall call, V1.HandInRequest request)
    {
        if (HandedReceipts.Read(request.Code) is not { } read)
        {
            return Refuse(call, RejectionCode.InvalidRequest, "This is no code of a receipt. Scan it again, or type it as it is printed.");
        }

        var answer = new V1.HandInAnswer { Op = OpIdCodec.ToWire(read.Op.Id) };
        if (AnswerOf(call, ReceiptCodec.HashOf(read.Receipt)) is { } told)
        {
            (answer.Outcome, answer.Note) = (told.Outcome, told.Note);
        }
        else if (read.Op.Id.Holder == work.Holder && work.ReadLogged(read.Op.Id.Sequence) is { } logged && logged.Bytes.AsSpan().SequenceEqual(read.Receipt.Envelope.Span))
        {
            (answer.Outcome, answer.Note) = (V1.ReceiptOutcome.WillCome, "It is in this store's own log, and goes to headquarters with it.");
        }
        else if (HandedIn.Keep(read.Op.Id, read.Receipt))
        {
            (answer.Outcome, answer.Note) = (V1.ReceiptOutcome.Queued, "The receipt is kept here, and is handed in as soon as headquarters can be reached. Nothing is counted before.");
        }
        else
        {
            return Refuse(call, RejectionCode.StorageUnavailable, $"{HandedIn.Waiting} receipts wait here for headquarters already. Connect this store, or hand it in at headquarters.");
        }

        return new EngineReply { Answer = answer };
    }

    private static V1.OutOfBandReply? AnswerOf(TillCall call, OpHash op) => call.News.LastOrDefault(news => news.HandIn is not null && news.HandedIn == op)?.HandIn;
}
