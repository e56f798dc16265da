using Grpc.Core;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>Wallets of the whole chain: each asked of the cell that its member is in.</summary>
internal sealed class ChainWallets(CellFront front, WalletsService here) : Wallets.WalletsBase
{
    /// <inheritdoc/>
    public override Task<Wallet> GetWallet(GetWalletRequest request, ServerCallContext context) =>
        front.OfMemberAsync(request.MemberId, request, context, here.GetWallet, static (invoker, asked, options) => new Wallets.WalletsClient(invoker).GetWalletAsync(asked, options));

    /// <inheritdoc/>
    public override Task ListEntries(ListEntriesRequest request, IServerStreamWriter<WalletEntry> responseStream, ServerCallContext context) => front.HubOf(request.MemberId) is { } hub
        ? CellFront.StreamAsync(hub, context, (invoker, options) => new Wallets.WalletsClient(invoker).ListEntries(request, options), responseStream.WriteAsync)
        : here.ListEntries(request, responseStream, context);
}
