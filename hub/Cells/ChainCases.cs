using Grpc.Core;
using SyncHub.Hub.Cases;
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

        // Each cell's page begins after the same case, so the first of all of them are the page; what is left out comes with the next one.
        var limit = CasesService.PageOf(request.Limit);
        var cases = all.SelectMany(one => one.Cases).OrderBy(found => found.CaseId, StringComparer.Ordinal).ToList();
        var listed = new ListCasesResponse();
        listed.Cases.AddRange(cases.Take(limit));
        listed.NextAfter = cases.Count > limit || all.Any(one => one.NextAfter.Length > 0) ? listed.Cases[^1].CaseId : "";
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
        foreach (var other in all.Skip(1))
        {
            all[0].Ops.AddRange(other.Ops);
        }

        return all[0];
    }

    /// <inheritdoc/>
    public override Task<ResumeParkedResponse> ResumeParked(ResumeParkedRequest request, ServerCallContext context) =>
        front.WhoeverHasAsync(request, context, here.ResumeParked, static (invoker, asked, options) => Client(invoker).ResumeParkedAsync(asked, options));

    private static V1.Cases.CasesClient Client(CallInvoker invoker) => new(invoker);
}
