namespace Grpc.Core;

/// <summary>The base of one generated client type.</summary>
/// <typeparam name="T">The client itself.</typeparam>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    /// <summary>A client without a server, for test doubles.</summary>
    protected ClientBase()
    {
    }

    /// <summary>A client with settings of another one.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
        : base(configuration)
    {
    }

    /// <summary>A client of a channel.</summary>
    protected ClientBase(ChannelBase channel)
        : base(channel)
    {
    }

    /// <summary>A client of an invoker.</summary>
    protected ClientBase(CallInvoker callInvoker)
        : base(callInvoker)
    {
    }

    /// <summary>The same client with other settings; generated code implements it.</summary>
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
