using Grpc.Core;
using SyncHub.Core.Cases;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.V1;

namespace SyncHub.Hub.Cases;

/// <summary>Cases for HQ: list, read, close.</summary>
internal sealed class CasesService(HubParts parts, CaseBook book, Authority authority) : V1.Cases.CasesBase
{
    private const int LargestPage = 1000;
    private const int UsualPage = 100;
    private const int LongestName = 64;
    private const int LongestNote = 1000;

    /// <inheritdoc/>
    public override Task<ListCasesResponse> ListCases(ListCasesRequest request, ServerCallContext context)
    {
        authority.Demand(context);
        return Task.FromResult(List(request));
    }

    /// <inheritdoc/>
    public override Task<V1.Case> GetCase(GetCaseRequest request, ServerCallContext context)
    {
        authority.Demand(context);
        return Task.FromResult(Get(request.CaseId));
    }

    /// <inheritdoc/>
    public override Task<V1.Case> CloseCase(CloseCaseRequest request, ServerCallContext context)
    {
        authority.Demand(context);
        return CloseAsync(request, context.CancellationToken);
    }

    /// <summary>A page of cases; also what the JSON door answers.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    public ListCasesResponse List(ListCasesRequest request)
    {
        MemberId? member = request.MemberId.Length == 0 ? null
            : MemberId.TryParse(request.MemberId, out var parsed) ? parsed
            : throw new RpcException(new Status(StatusCode.InvalidArgument, "A member id has 26 letters and digits."));
        CaseId? after = request.AfterCaseId.Length == 0 ? null : Parse(request.AfterCaseId);
        var (cases, next) = book.List(
            found => (request.State == CaseState.Unspecified || found.IsOpen == (request.State == CaseState.Open))
                && (request.Kind == V1.CaseKind.Unspecified || (int)found.Kind == (int)request.Kind)
                && (member is null || found.Member == member || found.OtherMember == member)
                && (request.Store == 0 || found.Store.Value == request.Store),
            after,
            request.Limit is > 0 and <= LargestPage ? request.Limit : UsualPage);
        var response = new ListCasesResponse { NextAfter = next?.ToString() ?? "" };
        response.Cases.AddRange(cases.Select(CaseCodec.ToWire));
        return response;
    }

    /// <summary>One case.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT or NOT_FOUND.</exception>
    public V1.Case Get(string id) => book.Find(Parse(id)) is { } found ? CaseCodec.ToWire(found) : throw Unknown();

    /// <summary>Closes a case; a closed one stays as it was closed.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT, NOT_FOUND or FAILED_PRECONDITION.</exception>
    public async Task<V1.Case> CloseAsync(CloseCaseRequest request, CancellationToken cancellation)
    {
        if (request.ClosedBy.Length is 0 or > LongestName || request.Note.Length is 0 or > LongestNote)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"closed_by (1 to {LongestName} characters) and note (1 to {LongestNote}) are needed: who closes it, and what was done."));
        }

        var closing = new CaseClosing(request.ClosedBy, parts.NowMs(), request.Note);
        var (found, closed) = await book.CloseAsync(Parse(request.CaseId), closing, cancellation).ConfigureAwait(false) ?? throw Unknown();
        return closed ? CaseCodec.ToWire(found)
            : throw new RpcException(new Status(StatusCode.FailedPrecondition, $"It was closed by {found.Closing!.By}: {found.Closing.Note}"));
    }

    private static CaseId Parse(string text) => CaseId.TryParse(text, out var id) ? id
        : throw new RpcException(new Status(StatusCode.InvalidArgument, "A case id has 26 letters and digits."));

    private static RpcException Unknown() => new(new Status(StatusCode.NotFound, "There is no such case. List the open ones."));
}
