using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>What a failure of the transport means to a call.</summary>
internal static class ClientFailures
{
    // Once a server has said how much it takes, the runtime sends no more than that; it has no code for it, only these words.
    private const string HeadersTooLong = "headers length exceeded the server limit";

    public static Status StatusOf(Exception exception)
    {
        if (exception is RpcException chosen)
        {
            return chosen.Status;
        }

        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException { ErrorCode: >= 0 } reset)
            {
                return new Status(StatusMapping.FromHttp2Error(reset.ErrorCode), $"The server ended the call with HTTP/2 error {reset.ErrorCode}.", exception);
            }
        }

        return exception switch
        {
            // The transport cancels writes this way when the server ended the call; the call's own end is decided before.
            OperationCanceledException or ObjectDisposedException =>
                new Status(StatusCode.Cancelled, "The server ended the call before it had read every message.", exception),
            HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError } =>
                new Status(StatusCode.Internal, "The server does not speak HTTP/2 here. " + exception.Message, exception),
            HttpRequestException { InnerException: null } refused when refused.Message.Contains(HeadersTooLong, StringComparison.Ordinal) =>
                new Status(StatusCode.ResourceExhausted, "The metadata of the call is too large for the server. " + exception.Message, exception),
            HttpRequestException or IOException =>
                new Status(StatusCode.Unavailable, "The server cannot be reached. " + exception.Message, exception),
            _ => new Status(StatusCode.Internal, "The call failed on the client. " + exception.Message, exception),
        };
    }
}
