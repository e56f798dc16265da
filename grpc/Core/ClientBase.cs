using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>The base of every generated client. Safe for concurrent use.</summary>
public abstract class ClientBase
{
    /// <summary>A client without a server, for test doubles: any real call throws.</summary>
    protected ClientBase()
        : this(new ClientBaseConfiguration(new UnusableCallInvoker()))
    {
    }

    /// <summary>A client with settings of another one.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        Configuration = configuration;
    }

    /// <summary>A client of a channel.</summary>
    protected ClientBase(ChannelBase channel)
        : this((channel ?? throw new ArgumentNullException(nameof(channel))).CreateCallInvoker())
    {
    }

    /// <summary>A client of an invoker.</summary>
    protected ClientBase(CallInvoker callInvoker)
        : this(new ClientBaseConfiguration(callInvoker))
    {
    }

    /// <summary>What this client makes its calls with.</summary>
    protected CallInvoker CallInvoker => Configuration.CallInvoker;

    private protected ClientBaseConfiguration Configuration { get; }

    /// <summary>The settings of a client, opaque to generated code.</summary>
    [SuppressMessage("Design", "CA1034:Nested types should not be visible", Justification = "Generated code names the type in this place.")]
    protected internal sealed class ClientBaseConfiguration
    {
        internal ClientBaseConfiguration(CallInvoker callInvoker)
        {
            ArgumentNullException.ThrowIfNull(callInvoker);
            CallInvoker = callInvoker;
        }

        internal CallInvoker CallInvoker { get; }
    }
}
