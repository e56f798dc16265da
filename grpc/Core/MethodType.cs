namespace Grpc.Core;

/// <summary>The four shapes of a call: one message or a stream in each direction.</summary>
public enum MethodType
{
    /// <summary>One request, one response.</summary>
    Unary,

    /// <summary>A stream of requests, one response.</summary>
    ClientStreaming,

    /// <summary>One request, a stream of responses.</summary>
    ServerStreaming,

    /// <summary>A stream of requests and, independently, a stream of responses.</summary>
    DuplexStreaming,
}
