using Grpc.Core;
using Grpc.Wire;
using Microsoft.Extensions.ObjectPool;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>What all calls of one method share: its settings, and what reads and writes the one message of a call. Safe for concurrent use.</summary>
internal sealed class ServerMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerCallSettings settings)
    where TRequest : class
    where TResponse : class
{
    /// <summary>The method.</summary>
    public Method<TRequest, TResponse> Method => method;

    /// <summary>Its service's settings.</summary>
    public ServerCallSettings Settings => settings;

    /// <summary>Readers of the only request; closed before they are returned.</summary>
    public ObjectPool<MessageReader<TRequest>> Readers { get; } =
        new DefaultObjectPool<MessageReader<TRequest>>(new ReaderPolicy(method.RequestMarshaller.ContextualDeserializer, settings.MaxReceiveBytes));

    /// <summary>Writers of the only response, where it is not compressed.</summary>
    public ObjectPool<ResponseWriter> Writers { get; } = new DefaultObjectPool<ResponseWriter>(new WriterPolicy(settings.MaxSendBytes));

    private sealed class ReaderPolicy(Func<DeserializationContext, TRequest> deserializer, int? maxReceiveBytes) : PooledObjectPolicy<MessageReader<TRequest>>
    {
        public override MessageReader<TRequest> Create() => new(deserializer, maxReceiveBytes);

        public override bool Return(MessageReader<TRequest> obj) => true;
    }

    private sealed class WriterPolicy(int? maxSendBytes) : PooledObjectPolicy<ResponseWriter>
    {
        public override ResponseWriter Create() => new(maxSendBytes);

        public override bool Return(ResponseWriter obj) => true;
    }
}
