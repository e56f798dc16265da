using Grpc.Core;

namespace Grpc.Wire;

/// <summary>The ways in which a message can break the protocol or a limit.</summary>
internal static class Failures
{
    public static RpcException TooLargeToReceive(int limit) =>
        new(new Status(StatusCode.ResourceExhausted, $"Received message exceeds the maximum of {limit} bytes (MaxReceiveMessageSize)."));

    public static RpcException TooLargeToSend(int limit) =>
        new(new Status(StatusCode.ResourceExhausted, $"Sending message exceeds the maximum of {limit} bytes (MaxSendMessageSize)."));

    public static RpcException Malformed(string what) => new(new Status(StatusCode.Internal, what));
}
