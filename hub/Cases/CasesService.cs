using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Cases;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Hq;
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

    private ParkedOps Parked { get; } = new(parts, book);

    /// <inheritdoc/>
    public override Task<ListCasesResponse> ListCases(ListCasesRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return Task.FromResult(List(request));
    }

    /// <inheritdoc/>
    public override Task<V1.Case> GetCase(GetCaseRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return Task.FromResult(Get(request.CaseId));
    }

    /// <inheritdoc/>
    public override Task<V1.Case> CloseCase(CloseCaseRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return CloseAsync(request, context.CancellationToken);
    }

    /// <inheritdoc/>
    public override Task<ListParkedResponse> ListParked(ListParkedRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return Task.FromResult(ListParked(request));
    }

    /// <inheritdoc/>
    public override Task<ResumeParkedResponse> ResumeParked(ResumeParkedRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return ResumeAsync(request, context.CancellationToken);
    }

    /// <summary>How many cases a page has where so many are asked for.</summary>
    public static int PageOf(int limit) => limit is > 0 and <= LargestPage ? limit : UsualPage;

    private ListParkedResponse ListParked(ListParkedRequest request)
    {
        var response = new ListParkedResponse();
        var ops = request.MemberId.Length == 0 ? Parked.After(request.After) : Parked.Of(MemberReading.Parse(request.MemberId), request.After);
        var last = Paging.Fill(ops, request.Limit, response.Ops.Add, static op => op.CalculateSize());
        response.NextAfter = last is null ? "" : ParkedOps.PlaceOf(last);
        return response;
    }

    private async Task<ResumeParkedResponse> ResumeAsync(ResumeParkedRequest request, CancellationToken cancellation)
    {
        request.Operator = DoorCall.Current?.NameFor(request.Operator) ?? request.Operator;
        if (request.Operator.Length is 0 or > LongestName)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"operator (1 to {LongestName} characters) is needed: who takes it up again.");
        }

        var about = book.Find(Parse(request.CaseId)) ?? throw Unknown();
        IReadOnlyList<ParkedOp> resumed;
        try
        {
            resumed = await Parked.ResumeAsync(about, request.Operator, cancellation).ConfigureAwait(false);
        }
        catch (InvalidOperationException fault)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.OpStillUndecidable, $"It still cannot be decided, and nothing was changed: {fault.Message}");
        }

        if (resumed.Count == 0)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.CaseWithoutOp, "The case is about no op that waits. List the parked ops.");
        }

        var response = new ResumeParkedResponse();
        response.Resumed.AddRange(resumed);
        return response;
    }

    private ListCasesResponse List(ListCasesRequest request)
    {
        MemberId? member = request.MemberId.Length == 0 ? null
            : MemberId.TryParse(request.MemberId, out var parsed) ? parsed
            : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.MemberIdMalformed, "A member id has 26 letters and digits.");
        CaseId? after = request.AfterCaseId.Length == 0 ? null : Parse(request.AfterCaseId);
        var (cases, next) = book.List(
            found => MaySee(found) && (request.State == CaseState.Unspecified || found.IsOpen == (request.State == CaseState.Open))
                && (request.Kind == V1.CaseKind.Unspecified || (int)found.Kind == (int)request.Kind)
                && (member is null || found.Member == member || found.OtherMember == member)
                && (request.Store == 0 || found.Store.Value == request.Store),
            after,
            PageOf(request.Limit));
        var response = new ListCasesResponse();
        var last = Paging.Fill(cases.Select(CaseCodec.ToWire), limit: 0, response.Cases.Add, static found => found.CalculateSize());
        response.NextAfter = last?.CaseId ?? next?.ToString() ?? "";
        return response;
    }

    private V1.Case Get(string id) => book.Find(Parse(id)) is { } found && MaySee(found) ? CaseCodec.ToWire(found) : throw Unknown();

    private async Task<V1.Case> CloseAsync(CloseCaseRequest request, CancellationToken cancellation)
    {
        request.ClosedBy = DoorCall.Current?.NameFor(request.ClosedBy) ?? request.ClosedBy;
        if (request.ClosedBy.Length is 0 or > LongestName || request.Note.Length is 0 or > LongestNote)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"closed_by (1 to {LongestName} characters) and note (1 to {LongestNote}) are needed: who closes it, and what was done.");
        }

        var closing = new CaseClosing(request.ClosedBy, parts.NowMs(), request.Note);
        var (found, closed) = await book.CloseAsync(Parse(request.CaseId), closing, cancellation).ConfigureAwait(false) ?? throw Unknown();
        return closed ? CaseCodec.ToWire(found)
            : throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.CaseClosed, $"It was closed by {found.Closing!.By}: {found.Closing.Note}");
    }

    private static bool MaySee(Core.Cases.Case found) => DoorCall.Current?.Caller is not { IsScoped: true } caller || caller.Stores.Contains(found.Store.Value);

    private static CaseId Parse(string text) => CaseId.TryParse(text, out var id) ? id
        : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.CaseIdMalformed, "A case id has 26 letters and digits.");

    private static RpcException Unknown() => RpcFault.Of(StatusCode.NotFound, Reason.CaseUnknown, "There is no such case. List the open ones.");
}
