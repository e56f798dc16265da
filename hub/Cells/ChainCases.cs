using Grpc.Core;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>The cases of the whole chain: lists put together by the time of opening, each case asked of the cell that has it.</summary>
internal sealed class ChainCases(CellFront front, CasesService here) : V1.Cases.CasesBase
{
    /// <inheritdoc/>
    public override async Task<ListCasesResponse> ListCases(ListCasesRequest request, ServerCallContext context)
    {
        var all = await front.AllAsync(request, context, here.ListCases, static (invoker, asked, options) => Client(invoker).ListCasesAsync(asked, options)).ConfigureAwait(false);
        if (all.Count == 1)
        {
            return all[0];
        }

        var (cases, hasMore) = Paging.Join([.. all.Select(one => ((IReadOnlyList<Case>)one.Cases, one.NextAfter.Length > 0))], static (one, other) => string.CompareOrdinal(one.CaseId, other.CaseId));
        var listed = new ListCasesResponse();
        var last = Paging.Fill(cases, CasesService.PageOf(request.Limit), listed.Cases.Add, static found => found.CalculateSize()) ?? (hasMore ? listed.Cases[^1] : null);
        listed.NextAfter = last?.CaseId ?? "";
        return listed;
    }

    /// <inheritdoc/>
    public override Task<Case> GetCase(GetCaseRequest request, ServerCallContext context) =>
        front.WhoeverHasAsync(request, context, here.GetCase, static (invoker, asked, options) => Client(invoker).GetCaseAsync(asked, options));

    /// <inheritdoc/>
    public override Task<Case> CloseCase(CloseCaseRequest request, ServerCallContext context) =>
        front.WhoeverHasAsync(request, context, here.CloseCase, static (invoker, asked, options) => Client(invoker).CloseCaseAsync(asked, options));

    /// <inheritdoc/>
    public override async Task<ListParkedResponse> ListParked(ListParkedRequest request, ServerCallContext context)
    {
        if (request.MemberId.Length > 0)
        {
            return await front.OfMemberAsync(request.MemberId, request, context, here.ListParked, static (invoker, asked, options) => Client(invoker).ListParkedAsync(asked, options)).ConfigureAwait(false);
        }

        var all = await front.AllAsync(request, context, here.ListParked, static (invoker, asked, options) => Client(invoker).ListParkedAsync(asked, options)).ConfigureAwait(false);
        var (ops, hasMore) = Paging.Join([.. all.Select(one => ((IReadOnlyList<ParkedOp>)one.Ops, one.NextAfter.Length > 0))], static (one, other) => string.CompareOrdinal(ParkedOps.PlaceOf(one), ParkedOps.PlaceOf(other)));
        var listed = new ListParkedResponse();
        var last = Paging.Fill(ops, request.Limit, listed.Ops.Add, static op => op.CalculateSize()) ?? (hasMore ? listed.Ops[^1] : null);
        listed.NextAfter = last is null ? "" : ParkedOps.PlaceOf(last);
        return listed;
    }

    /// <inheritdoc/>
    public override Task<ResumeParkedResponse> ResumeParked(ResumeParkedRequest request, ServerCallContext context) =>
        front.WhoeverHasAsync(request, context, here.ResumeParked, static (invoker, asked, options) => Client(invoker).ResumeParkedAsync(asked, options));

    private static V1.Cases.CasesClient Client(CallInvoker invoker) => new(invoker);
}
