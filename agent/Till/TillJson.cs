using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace SyncHub.Agent.Till;

/// <summary>The tills' service as JSON over HTTP/1.1: <c>POST /v1/till/{method}</c>, with the messages in protobuf's JSON form.</summary>
/// <remarks>
/// Thread rule: any thread. A refusal is a 200 with the field <c>rejection</c>, as in gRPC; other statuses carry <c>{"error": "..."}</c>.
/// Web pages of strangers must not reach it through a browser on the same machine: the body must be declared as JSON, which a
/// foreign page may not send unasked, and the Host must be a loopback name, which a rebound DNS name is not.
/// </remarks>
internal sealed class TillJson(TillCalls calls, ILogger<TillJson> log)
{
    private const int LargestBodyBytes = 64 * 1024;
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(false));
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    private static readonly Dictionary<string, MessageDescriptor> Methods =
        V1.Till.Descriptor.Methods.ToDictionary(method => method.Name, method => method.InputType, StringComparer.OrdinalIgnoreCase);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/till/status", context => AnswerAsync(context, new V1.StatusRequest()));
        routes.MapGet("/v1/till/receipts/{incarnation:long}/{sequence:long}.{form}", PictureAsync);
        routes.MapPost("/v1/till/{method}", PostAsync);
        routes.MapFallback(context => FailAsync(context, StatusCodes.Status404NotFound, $"There is nothing at {context.Request.Path}. Send POST /v1/till/{{method}} or GET /v1/till/status."));
    }

    private async Task PostAsync(HttpContext context)
    {
        if (context.Request.RouteValues["method"] is not string name || !Methods.TryGetValue(name, out var input))
        {
            await FailAsync(context, StatusCodes.Status404NotFound, $"There is no such method; there are {string.Join(", ", Methods.Keys)}.");
            return;
        }

        if (!context.Request.HasJsonContentType())
        {
            await FailAsync(context, StatusCodes.Status415UnsupportedMediaType, "Send the request with Content-Type: application/json.");
            return;
        }

        if (await ReadBodyAsync(context.Request) is not { } body)
        {
            await FailAsync(context, StatusCodes.Status413PayloadTooLarge, $"A request has at most {LargestBodyBytes} bytes.");
            return;
        }

        IMessage request;
        try
        {
            // Both of the parser's own exceptions are IOExceptions; the others it lets through from numbers and text.
            request = Parser.Parse(Encoding.UTF8.GetString(body), input);
        }
        catch (Exception fault) when (fault is IOException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            await FailAsync(context, StatusCodes.Status400BadRequest, $"The body is no {input.Name} in JSON: {fault.Message}");
            return;
        }

        await AnswerAsync(context, request);
    }

    // What a page shows beside a receipt: <img src="/v1/till/receipts/4294967297/17.svg">.
    private async Task PictureAsync(HttpContext context, long incarnation, long sequence, string form)
    {
        if (!IsCalledByName(context))
        {
            await FailAsync(context, StatusCodes.Status403Forbidden, "Call this agent as localhost or 127.0.0.1.");
            return;
        }

        if (!Enum.TryParse<V1.CodeForm>(form, ignoreCase: true, out var wanted) || wanted is not (V1.CodeForm.Text or V1.CodeForm.Svg or V1.CodeForm.Png))
        {
            await FailAsync(context, StatusCodes.Status404NotFound, "A code is shown as .svg, .png or .text.");
            return;
        }

        try
        {
            var status = await calls.CallAsync<V1.StatusAnswer>(new V1.StatusRequest());
            var request = new V1.ShowReceiptRequest { Op = new V1.OpId { Store = status.Store, Incarnation = incarnation, Sequence = sequence }, Form = wanted };
            var answer = await calls.CallAsync<V1.ShowReceiptAnswer>(request);
            if (answer.Rejection is { } refusal)
            {
                await FailAsync(context, StatusCodes.Status404NotFound, refusal.Message);
                return;
            }

            context.Response.ContentType = answer.MediaType;
            await context.Response.BodyWriter.WriteAsync(answer.Picture.Memory, context.RequestAborted);
        }
        catch (RpcException fault)
        {
            await FailAsync(context, StatusCodes.Status503ServiceUnavailable, fault.Status.Detail);
        }
    }

    private async Task AnswerAsync(HttpContext context, IMessage request)
    {
        if (!IsCalledByName(context))
        {
            await FailAsync(context, StatusCodes.Status403Forbidden, "Call this agent as localhost or 127.0.0.1.");
            return;
        }

        try
        {
            var answer = await calls.CallAsync(request);
            context.Response.ContentType = "application/json; charset=utf-8";
            await context.Response.WriteAsync(Formatter.Format(answer), context.RequestAborted);
        }
        catch (RpcException fault)
        {
            await FailAsync(context, StatusCodes.Status503ServiceUnavailable, fault.Status.Detail);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            log.LogError(fault, "{Method} failed.", request.Descriptor.Name);
            await FailAsync(context, StatusCodes.Status500InternalServerError, "The agent failed; its log says why. Nothing was answered: send the request again under the same request_id.");
        }
    }

    // One byte more than allowed is read, so that a body without a declared length is bounded too.
    private static async Task<byte[]?> ReadBodyAsync(HttpRequest request)
    {
        var buffer = new byte[LargestBodyBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
        return length > LargestBodyBytes ? null : buffer[..length];
    }

    // Over the shop's network a token was shown, which no page of a stranger has.
    private static bool IsCalledByName(HttpContext context) =>
        context.Features.Get<LanDoor>() is not null || context.Request.Host.Host is "localhost" or "127.0.0.1" or "[::1]" or "::1";

    private static Task FailAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = error }), context.RequestAborted);
    }
}
