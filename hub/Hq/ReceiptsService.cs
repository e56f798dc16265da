using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SyncHub.Hub.Receipts;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

/// <summary>Receipts at HQ's doors: a customer's receipt proves an op that its store cannot report.</summary>
internal sealed class ReceiptsService(HubParts parts, Authority authority) : V1.Receipts.ReceiptsBase
{
    private const int LongestCode = 8_000;

    /// <summary>Maps the JSON route; the body is the code as text.</summary>
    public static void Map(RouteGroupBuilder api, V1.Receipts.ReceiptsBase receipts) => api.MapPost("/receipts", async (HttpRequest request, CancellationToken cancellation) =>
    {
        using var reader = new StreamReader(request.Body);
        var buffer = new char[LongestCode + 1];
        var length = await reader.ReadBlockAsync(buffer, cancellation).ConfigureAwait(false);
        return await HqJson.AnswerAsync(() => receipts.HandIn(new HandInReceiptRequest { Code = new string(buffer, 0, length) }, new JsonCallContext(request.HttpContext, "Receipts/HandIn"))).ConfigureAwait(false);
    });

    /// <inheritdoc/>
    public override Task<HandInReceiptResponse> HandIn(HandInReceiptRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return HandInAsync(parts, request.Code, context.CancellationToken);
    }

    private static Task<HandInReceiptResponse> HandInAsync(HubParts parts, string code, CancellationToken cancellation) =>
        code.Length <= LongestCode && parts.Receipts is { } desk ? desk.HandInAsync(code, cancellation)
            : Task.FromResult(new HandInReceiptResponse { Outcome = ReceiptOutcome.Refused, Note = $"A code has at most {LongestCode} characters." });
}
