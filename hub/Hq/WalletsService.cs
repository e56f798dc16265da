using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

/// <summary>Wallets for HQ: what a member owns, who may spend it, and how it came about.</summary>
internal sealed class WalletsService(HubParts parts, Authority authority) : V1.Wallets.WalletsBase
{
    private const int LargestPage = 1000;

    /// <inheritdoc/>
    public override async Task<Wallet> GetWallet(GetWalletRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return MemberCodec.ToWallet(await MemberReading.ReadAsync(parts, request.MemberId, context.CancellationToken).ConfigureAwait(false), parts.Rules.Rules.Currency);
    }

    /// <inheritdoc/>
    public override async Task ListEntries(ListEntriesRequest request, IServerStreamWriter<WalletEntry> responseStream, ServerCallContext context)
    {
        authority.Demand(context, request);
        var view = await MemberReading.ReadAsync(parts, request.MemberId, context.CancellationToken).ConfigureAwait(false);
        var limit = request.Limit is > 0 and <= LargestPage ? request.Limit : LargestPage;
        foreach (var record in parts.Journal.ReadRecords(new StreamId(view.Id.Value), request.FromVersion, limit))
        {
            if (ToEntry(record) is { } entry)
            {
                await responseStream.WriteAsync(entry, context.CancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static WalletEntry? ToEntry(StoredRecord record)
    {
        var change = MemberEventRecord.Parser.ParseFrom(record.Payload);
        if ((change.OpApplied ?? change.Resumed) is not { } applied || record.FactBytes is null)
        {
            return null;
        }

        var op = OpEnvelope.Parser.ParseFrom(record.FactBytes);
        var entry = new WalletEntry
        {
            Version = record.Version,
            Op = op.Id,
            Type = op.Type,
            OccurredAtMs = op.OccurredAtMs,
            RecordedAtMs = change.RecordedAtMs,
            Classification = applied.Classification,
            Note = applied.Note,
            BillMinor = op.BillMinor,
        };
        entry.Moves.AddRange(op.Moves);
        return entry;
    }
}
