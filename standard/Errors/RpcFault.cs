using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Grpc.Standard;

/// <summary>Makes the exceptions that end calls: a code, a text with the way out, and a reason that programs can rely on.</summary>
public static class RpcFault
{
    /// <summary>Whose reasons these are.</summary>
    public const string Domain = "synchub";

    /// <summary>A failure with a typed reason in UPPER_SNAKE_CASE.</summary>
    /// <param name="code">The gRPC code.</param>
    /// <param name="reason">Never changes once it was sent; the text may.</param>
    /// <param name="message">For people; names the way out.</param>
    /// <param name="retryAfter">How long to wait before trying again, where that makes sense.</param>
    /// <param name="metadata">What belongs to the reason, for programs.</param>
    public static RpcException Of(StatusCode code, string reason, string message, TimeSpan? retryAfter = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = message };
        var info = new ErrorInfo { Reason = reason, Domain = Domain };
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
        {
            info.Metadata.Add(key, value);
        }

        status.Details.Add(Any.Pack(info));
        if (retryAfter is { } delay)
        {
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
        }

        return status.ToRpcException();
    }

    /// <summary>The typed reason of a failure; null if it has none.</summary>
    public static string? ReasonOf(RpcException exception) => exception.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason;
}
