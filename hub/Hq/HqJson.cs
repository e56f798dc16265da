using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.AspNetCore.Http;

namespace SyncHub.Hub.Hq;

/// <summary>What the JSON doors of HQ share: the contracts' own JSON form in, and refusals as <c>{"error": "..."}</c> out.</summary>
internal static class HqJson
{
    private const int LargestBodyBytes = 64 * 1024;
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(false));

    /// <summary>An answer, or the refusal that the handler threw.</summary>
    public static IResult Answer(Func<IMessage> handler)
    {
        try
        {
            return JsonApi.Json(handler());
        }
        catch (RpcException fault)
        {
            return Refusal(fault);
        }
    }

    /// <inheritdoc cref="Answer"/>
    public static async Task<IResult> AnswerAsync<T>(Func<Task<T>> handler)
        where T : IMessage
    {
        try
        {
            return JsonApi.Json(await handler().ConfigureAwait(false));
        }
        catch (RpcException fault)
        {
            return Refusal(fault);
        }
    }

    /// <summary>The body as a message.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: the body is none, or too large.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, MessageParser<T> parser, CancellationToken cancellation)
        where T : IMessage<T>, new()
    {
        var buffer = new byte[LargestBodyBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        if (length > LargestBodyBytes || !request.HasJsonContentType())
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.BodyMalformed, $"Send JSON with Content-Type: application/json, at most {LargestBodyBytes} bytes.");
        }

        try
        {
            var message = Parser.Parse<T>(Encoding.UTF8.GetString(buffer, 0, length));
            Authority.DemandText(message);
            return message;
        }
        catch (Exception fault) when (fault is IOException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.BodyMalformed, $"The body is no {typeof(T).Name} in JSON: {fault.Message}");
        }
    }

    /// <summary>An enum from its short name in any case, as in <c>?state=open</c>; zero where none is given.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: no such name.</exception>
    public static T EnumOf<T>(string? text)
        where T : struct, Enum => string.IsNullOrEmpty(text) ? default
        : Enum.TryParse<T>(text.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var value) ? value
        : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"'{text}' is none of {string.Join(", ", Enum.GetNames<T>())}.");

    /// <summary>A route whose body is the method's request, with what the path names put into it.</summary>
    /// <param name="what">The method, as in "Members/EraseMember"; it must be the one in the route's row of the table of doors.</param>
    /// <param name="parser">Of the request.</param>
    /// <param name="name">Puts the path's {id} into the request.</param>
    /// <param name="handler">The gRPC method.</param>
    public static Func<HttpRequest, CancellationToken, Task<IResult>> Post<TRequest, TAnswer>(string what, MessageParser<TRequest> parser, Action<TRequest, string> name, Func<TRequest, ServerCallContext, Task<TAnswer>> handler)
        where TRequest : IMessage<TRequest>, new()
        where TAnswer : IMessage =>
        (http, cancellation) => AnswerAsync(async () =>
        {
            var request = await ReadAsync(http, parser, cancellation).ConfigureAwait(false);
            name(request, http.RouteValues["id"] as string ?? "");
            return await handler(request, new JsonCallContext(http.HttpContext, what)).ConfigureAwait(false);
        });

    /// <summary>A route without a body.</summary>
    /// <param name="what">The method.</param>
    /// <param name="read">The request, from path and query.</param>
    /// <param name="handler">The gRPC method.</param>
    public static Func<HttpRequest, Task<IResult>> Get<TRequest, TAnswer>(string what, Func<HttpRequest, TRequest> read, Func<TRequest, ServerCallContext, Task<TAnswer>> handler)
        where TAnswer : IMessage =>
        http => AnswerAsync(async () => await handler(read(http), new JsonCallContext(http.HttpContext, what)).ConfigureAwait(false));

    /// <summary>A number from the query, as in <c>?limit=100</c>; 0 where none is given.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    public static int NumberOf(HttpRequest http, string name) => http.Query[name].ToString() is not { Length: > 0 } text ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"{name} must be a number from 0 on.");

    /// <summary>A text from the query; empty where none is given.</summary>
    public static string TextOf(HttpRequest http, string name) => http.Query[name].ToString();

    /// <summary>A store's number from a path.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    public static int StoreOf(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var store) ? store
        : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "A store is named by its number.");

    /// <summary>A refusal: what a person reads, and the reason for programs.</summary>
    public static IResult Refusal(RpcException fault) => Results.Json(new { error = fault.Status.Detail, reason = RpcFault.ReasonOf(fault) ?? "" }, statusCode: fault.StatusCode switch
    {
        StatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.FailedPrecondition or StatusCode.AlreadyExists or StatusCode.Aborted => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status503ServiceUnavailable,
    });
}
