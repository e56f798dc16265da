using Grpc.Core;
using Microsoft.Extensions.ObjectPool;

namespace Grpc.Net.Client;

/// <summary>What all calls of one method on one channel share: its address, and what a unary call needs only while it is under way. Safe for concurrent use.</summary>
internal sealed class ChannelMethod<TRequest, TResponse>(Uri address, Method<TRequest, TResponse> method, GrpcChannel channel)
    where TRequest : class
    where TResponse : class
{
    private const int MostKept = 64; // of each, with up to 20 KiB of memory

    /// <summary>The method's address.</summary>
    public Uri Address => address;

    /// <summary>Requests with their headers, and room for a message.</summary>
    public ObjectPool<UnaryRequest> Requests { get; } = new DefaultObjectPool<UnaryRequest>(new RequestPolicy(address, channel.MaxSendBytes), MostKept);

    /// <summary>Readers of the only response.</summary>
    public ObjectPool<ResponseReader<TResponse>> Readers { get; } =
        new DefaultObjectPool<ResponseReader<TResponse>>(new ReaderPolicy(method.ResponseMarshaller.ContextualDeserializer, channel.MaxReceiveBytes), MostKept);

    private sealed class RequestPolicy(Uri address, int? maxSendBytes) : PooledObjectPolicy<UnaryRequest>
    {
        public override UnaryRequest Create() => new(address, maxSendBytes);

        public override bool Return(UnaryRequest obj) => obj.TryReset();
    }

    private sealed class ReaderPolicy(Func<DeserializationContext, TResponse> deserializer, int? maxReceiveBytes) : PooledObjectPolicy<ResponseReader<TResponse>>
    {
        public override ResponseReader<TResponse> Create() => new(deserializer, maxReceiveBytes);

        public override bool Return(ResponseReader<TResponse> obj)
        {
            obj.Close();
            return true;
        }
    }
}
