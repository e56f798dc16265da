using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Settings of a channel.</summary>
public sealed class GrpcChannelOptions
{
    internal const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    /// <summary>What sends the requests, with TLS, windows and keep-alive set as wanted; null for the handler of
    /// <see cref="GrpcHttpHandler.Create"/>.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether the channel disposes of <see cref="HttpHandler"/> when it is disposed of. A handler that the channel
    /// made is always disposed of.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>The largest response message in bytes, before and after decompression; null for no limit. 4 MiB by default.
    /// A larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveMessageSize;

    /// <summary>The largest request message in bytes; null, the default, for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Credentials of every call, and whether the channel must be encrypted; null to go by the address.</summary>
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>Whether call credentials may go over plaintext. For tests and for links that are encrypted beneath.</summary>
    public bool UnsafeUseInsecureChannelCallCredentials { get; set; }
}
