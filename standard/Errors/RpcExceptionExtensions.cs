using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Grpc.Core;

/// <summary>The richer status (google.rpc.Status) of a failed call, and back.</summary>
public static class RpcExceptionExtensions
{
    /// <summary>The trailer that carries it.</summary>
    public const string TrailerName = "grpc-status-details-bin";

    /// <summary>The richer status of a failure; null if the server sent none or it cannot be read.</summary>
    public static Google.Rpc.Status? GetRpcStatus(this RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (exception.Trailers.GetValueBytes(TrailerName) is not { } bytes)
        {
            return null;
        }

        try
        {
            return Google.Rpc.Status.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // The call failed anyway, with a code and a text; broken details must not hide them.
            return null;
        }
    }

    /// <summary>The first detail of one type; null if there is none.</summary>
    public static T? GetDetail<T>(this Google.Rpc.Status status)
        where T : class, IMessage<T>, new()
    {
        ArgumentNullException.ThrowIfNull(status);
        return status.Details.FirstOrDefault(detail => detail.Is(new T().Descriptor))?.Unpack<T>();
    }

    /// <summary>The exception that ends a call with this status and its details.</summary>
    public static RpcException ToRpcException(this Google.Rpc.Status status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return new RpcException(new Status((StatusCode)status.Code, status.Message), new Metadata { { TrailerName, status.ToByteArray() } });
    }
}
