using System.Runtime.InteropServices;

namespace Grpc.Core;

/// <summary>What a client asks of one call.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CallOptions
{
    /// <summary>Options of a call; everything may be left out.</summary>
    public CallOptions(
        Metadata? headers = null,
        DateTime? deadline = null,
        CancellationToken cancellationToken = default,
        WriteOptions? writeOptions = null,
        ContextPropagationToken? propagationToken = null,
        CallCredentials? credentials = null)
    {
        Headers = headers;
        Deadline = deadline;
        CancellationToken = cancellationToken;
        WriteOptions = writeOptions;
        PropagationToken = propagationToken;
        Credentials = credentials;
    }

    /// <summary>Metadata to send, or null.</summary>
    public Metadata? Headers { get; private init; }

    /// <summary>When to give up, in UTC; null for never. The server is told too.</summary>
    public DateTime? Deadline { get; private init; }

    /// <summary>Cancels the call on both sides.</summary>
    public CancellationToken CancellationToken { get; private init; }

    /// <summary>How request messages are written, or null.</summary>
    public WriteOptions? WriteOptions { get; private init; }

    /// <summary>The server call that this call is made for, or null.</summary>
    public ContextPropagationToken? PropagationToken { get; private init; }

    /// <summary>Adds credentials to the metadata of this call, or null.</summary>
    public CallCredentials? Credentials { get; private init; }

    /// <summary>The same options with other headers.</summary>
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    /// <summary>The same options with another deadline.</summary>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    /// <summary>The same options with another token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => this with { CancellationToken = cancellationToken };

    /// <summary>The same options with other write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };

    /// <summary>The same options on behalf of a server call.</summary>
    public CallOptions WithPropagationToken(ContextPropagationToken propagationToken) => this with { PropagationToken = propagationToken };

    /// <summary>The same options with other credentials.</summary>
    public CallOptions WithCredentials(CallCredentials credentials) => this with { Credentials = credentials };
}
