using System.Globalization;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>How other protocols' outcomes become a status.</summary>
internal static class StatusMapping
{
    private static readonly string[] Codes = [.. Enumerable.Range(0, 17).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    public static string Format(StatusCode code) =>
        (uint)code < (uint)Codes.Length ? Codes[(int)code] : ((int)code).ToString(CultureInfo.InvariantCulture);

    /// <summary>The code of a <c>grpc-status</c> value; anything unknown is UNKNOWN.</summary>
    public static StatusCode Parse(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code < Codes.Length
            ? (StatusCode)code
            : StatusCode.Unknown;

    /// <summary>For answers without <c>grpc-status</c>, as a proxy gives them.</summary>
    public static StatusCode FromHttp(int httpStatus) => httpStatus switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    /// <summary>For a stream that the peer reset, or a connection that it closed, with an HTTP/2 error code.</summary>
    /// <remarks>The specification wants INTERNAL for a stream reset with NO_ERROR. SocketsHttpHandler reports a connection
    /// closed in good order in the same way, which is UNAVAILABLE, and far more common.</remarks>
    public static StatusCode FromHttp2Error(long errorCode) => errorCode switch
    {
        0 or 7 => StatusCode.Unavailable,
        8 => StatusCode.Cancelled,
        11 => StatusCode.ResourceExhausted,
        12 => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };
}
