using Grpc.Core;
using Grpc.Standard;

namespace SyncHub.Agent.Till;

/// <summary>What ends a till's call without an answer of its own, with reasons for programs (google.rpc.ErrorInfo, domain synchub). A name never changes once it was sent.</summary>
internal static class TillFault
{
    /// <summary>A field is too long, or no text.</summary>
    public static RpcException FieldInvalid(string message) => RpcFault.Of(StatusCode.InvalidArgument, "FIELD_INVALID", message);

    /// <summary>The agent could not say: its disk, its hub or its database failed. Repeating it under its request_id is safe.</summary>
    public static RpcException Unavailable(string message) => RpcFault.Of(StatusCode.Unavailable, "AGENT_UNAVAILABLE", message);

    /// <summary>Too much waits already.</summary>
    public static RpcException Busy(string message) => RpcFault.Of(StatusCode.ResourceExhausted, "AGENT_BUSY", message, TimeSpan.FromSeconds(1));
}
