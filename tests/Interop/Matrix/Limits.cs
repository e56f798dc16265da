namespace SyncHub.Interop.Matrix;

/// <summary>What official peers are known not to do. A failure here does not count; the table names the reason.</summary>
internal static class Limits
{
    private const string NoCompressionControl = "the server neither checks the flag of a request nor compresses single responses";

    private const string NoFlagCheck = "the server cannot see the flag of a request";

    private static readonly (string Peer, string Case, bool AsServer, string Reason)[] All =
    [
        .. new[] { "go", "node", "python", "ruby" }.SelectMany(peer => new[]
        {
            (peer, "client_compressed_unary", true, NoCompressionControl),
            (peer, "client_compressed_streaming", true, NoCompressionControl),
            (peer, "server_compressed_unary", true, NoCompressionControl),
            (peer, "server_compressed_streaming", true, NoCompressionControl),
        }),
        ("java", "client_compressed_unary", true, NoFlagCheck),
        ("java", "client_compressed_streaming", true, NoFlagCheck),
        ("ruby", "unary_deadline", true, "the server does not observe interval_us"),
        ("ruby", "half_duplex", true, "the server does not implement HalfDuplexCall"),
        ("http2", "data_frame_padding", true, "SocketsHttpHandler does not credit padding to the window (grpc/README.md)"),
    ];

    /// <summary>Why a peer cannot do a case as server or as client; null if it can.</summary>
    public static string? Find(string peer, string name, bool asServer) =>
        Array.Find(All, limit => limit.Peer == peer && limit.Case == name && limit.AsServer == asServer).Reason;
}
