using System.IO.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>Settings of every service of this process.</summary>
public sealed class GrpcServiceOptions
{
    internal const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    /// <summary>The largest request message in bytes, before and after decompression; null for no limit. 4 MiB by default.
    /// A larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveMessageSize;

    /// <summary>The largest response message in bytes; null, the default, for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Whether the text of an exception that escapes a handler goes to the client. For development only.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary><c>gzip</c> or <c>deflate</c> to compress responses to clients that accept it; null, the default, for never.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>How hard to compress; null for fastest.</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>Whether calls to services nobody mapped are left to the rest of the application; otherwise they are
    /// answered with UNIMPLEMENTED.</summary>
    public bool? IgnoreUnknownServices { get; set; }
}
