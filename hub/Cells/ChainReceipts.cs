using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Hq;
using SyncHub.Protos.Mapping;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>Receipts handed in at headquarters, each for the cell whose log its op is from.</summary>
internal sealed class ChainReceipts(CellFront front, ReceiptsService here) : V1.Receipts.ReceiptsBase
{
    /// <inheritdoc/>
    public override Task<HandInReceiptResponse> HandIn(HandInReceiptRequest request, ServerCallContext context) => HubOf(request.Code) is { } hub
        ? CellFront.AskAsync(hub, context, (invoker, options) => new V1.Receipts.ReceiptsClient(invoker).HandInAsync(request, options))
        : here.HandIn(request, context);

    private CellHub? HubOf(string code) => !front.IsAlone && ReceiptCodec.TryRead(code) is { } receipt && ReceiptCodec.TryReadOp(receipt) is { } op
        ? front.HubOf(op.Id.Holder.Incarnation.Cell)
        : null;
}
