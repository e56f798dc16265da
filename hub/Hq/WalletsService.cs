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
    private const int ScanPage = 500;

    /// <inheritdoc/>
    public override async Task<Wallet> GetWallet(GetWalletRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return WalletLines.PageOf(MemberCodec.ToWallet(await MemberReading.ReadAsync(parts, request.MemberId, context.CancellationToken).ConfigureAwait(false), parts.Rules.Rules.Currency), request.AfterLine);
    }

    /// <inheritdoc/>
    public override async Task ListEntries(ListEntriesRequest request, IServerStreamWriter<WalletEntry> responseStream, ServerCallContext context)
    {
        authority.Demand(context, request);
        var view = await MemberReading.ReadAsync(parts, request.MemberId, context.CancellationToken).ConfigureAwait(false);
        var (left, from) = (PageOf(request.Limit), request.FromVersion);
        // Most records may be no entries (grants are none): they do not count, so that a page that is not full is the end.
        while (left > 0 && parts.Journal.ReadRecords(new StreamId(view.Id.Value), from, ScanPage) is { Count: > 0 } records)
        {
            from = records[^1].Version + 1;
            foreach (var entry in records.Select(ToEntry).OfType<WalletEntry>().Take(left).ToArray())
            {
                await responseStream.WriteAsync(entry, context.CancellationToken).ConfigureAwait(false);
                left--;
            }
        }
    }

    /// <summary>How many entries a page has where so many are asked for.</summary>
    public static int PageOf(int limit) => limit is > 0 and <= LargestPage ? limit : LargestPage;

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
