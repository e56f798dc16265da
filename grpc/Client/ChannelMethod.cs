using Grpc.Core;
using Microsoft.Extensions.ObjectPool;

namespace Grpc.Net.Client;

/// <summary>What all calls of one method on one channel share: its address, and what a unary call needs only while it is under way. Safe for concurrent use.</summary>
internal sealed class ChannelMethod<TRequest, TResponse>(Uri address, Method<TRequest, TResponse> method, GrpcChannel channel)
    where TRequest : class
    where TResponse : class
{
    private const int MostKept = 64; // with up to 20 KiB of memory each

    /// <summary>The method.</summary>
    public Method<TRequest, TResponse> Method => method;

    /// <summary>The method's address.</summary>
    public Uri Address => address;

    /// <summary>Of unary calls. In one pool, because each look into a pool is two interlocked steps.</summary>
    public ObjectPool<UnaryExchange<TResponse>> Exchanges { get; } = new DefaultObjectPool<UnaryExchange<TResponse>>(
        new ExchangePolicy(address, method.ResponseMarshaller.ContextualDeserializer, channel.MaxSendBytes, channel.MaxReceiveBytes), MostKept);

    private sealed class ExchangePolicy(Uri address, Func<DeserializationContext, TResponse> deserializer, int? maxSendBytes, int? maxReceiveBytes)
        : PooledObjectPolicy<UnaryExchange<TResponse>>
    {
        public override UnaryExchange<TResponse> Create() => new(address, deserializer, maxSendBytes, maxReceiveBytes);

        public override bool Return(UnaryExchange<TResponse> obj) => obj.TryReset();
    }
}
