using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Hub.Hq;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Auditing;

/// <summary>The audit trail for HQ: pages of entries, oldest first.</summary>
internal sealed class AuditTrailService(HubParts parts, Authority authority) : AuditTrail.AuditTrailBase
{
    private const int LargestPage = 1000;
    private const int UsualPage = 100;
    private const int ScanPage = 500;
    private const int MostLooked = 20_000; // a page of a search that finds little ends too; some 50 ms

    /// <inheritdoc/>
    public override Task<ListAuditResponse> ListAudit(ListAuditRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return Task.FromResult(List(request));
    }

    /// <summary>A page of entries; also what the JSON door answers.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    public ListAuditResponse List(ListAuditRequest request)
    {
        var limit = request.Limit is > 0 and <= LargestPage ? request.Limit : UsualPage;
        var (afterChain, afterSequence) = Parse(request.After);
        var response = new ListAuditResponse();
        var (looked, bytes, place) = (0, 0, "");
        var isReached = afterChain == 0;
        foreach (var chain in parts.Journal.ReadDocuments(TrailWriter.Chains, default, default, int.MaxValue).Select(document => AuditChainDocument.Parser.ParseFrom(document.Value).Chain))
        {
            isReached |= chain == afterChain;
            if (!isReached)
            {
                continue;
            }

            foreach (var fact in Facts(chain, chain == afterChain ? afterSequence + 1 : 1))
            {
                if (response.Rows.Count == limit || looked == MostLooked || bytes > Paging.LargestBytes)
                {
                    response.NextAfter = place;
                    return response;
                }

                (looked, place) = (looked + 1, string.Create(CultureInfo.InvariantCulture, $"{chain}.{fact.Sequence}"));
                var entry = AuditEntry.Parser.ParseFrom(fact.Bytes);
                if (Matches(request, entry))
                {
                    var row = new AuditRow { Place = place, Entry = entry };
                    if (request.WithBytes)
                    {
                        (row.Bytes, row.Hash) = (UnsafeByteOperations.UnsafeWrap(fact.Bytes), UnsafeByteOperations.UnsafeWrap(fact.Hash));
                    }

                    response.Rows.Add(row);
                    bytes += row.CalculateSize();
                }
            }
        }

        return response;
    }

    private static bool Matches(ListAuditRequest request, AuditEntry entry) =>
        (request.Who.Length == 0 || entry.Who == request.Who || entry.RequestedBy == request.Who)
        && (request.MemberId.Length == 0 || entry.MemberId == request.MemberId)
        && (request.What.Length == 0 || entry.What == request.What)
        && entry.AtMs >= request.FromMs && (request.ToMs == 0 || entry.AtMs < request.ToMs);

    private IEnumerable<StoredFact> Facts(long chain, long from)
    {
        var producer = new ProducerId(TrailWriter.Store, chain);
        for (var page = parts.Journal.ReadFacts(producer, from, ScanPage, int.MaxValue); page.Count > 0; page = parts.Journal.ReadFacts(producer, from, ScanPage, int.MaxValue))
        {
            foreach (var fact in page)
            {
                yield return fact;
            }

            from = page[^1].Sequence + 1;
        }
    }

    private static (long Chain, long Sequence) Parse(string place)
    {
        if (place.Length == 0)
        {
            return default;
        }

        var parts = place.Split('.');
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var chain) && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            ? (chain, sequence)
            : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "after must be the next_after of the page before.");
    }
}
