namespace SyncHub.GrpcBench.Measure;

/// <summary>Who loads whom.</summary>
/// <param name="Name">As it stands in the table.</param>
/// <param name="Server">Which server: ours (with the plain endpoints) or C++.</param>
/// <param name="Loader">Which loader.</param>
/// <param name="IsPlain">Whether the plain endpoints are meant.</param>
internal sealed record Pair(string Name, Peer Server, Peer Loader, bool IsPlain = false);

/// <summary>One program.</summary>
internal enum Peer
{
    /// <summary>This program.</summary>
    Ours,

    /// <summary>The official C++ one.</summary>
    Cpp,

    /// <summary>h2load of nghttp2: a client that costs less than any server.</summary>
    H2Load,
}

/// <summary>One kind of load, and who is measured under it. The first pair is what the others are compared with.</summary>
internal sealed record Work(string Name, string Mode, int Streams, IReadOnlyList<Pair> Pairs)
{
    private static readonly Pair PlainLoaded = new("plain Kestrel", Peer.Ours, Peer.H2Load, IsPlain: true);
    private static readonly Pair OursLoaded = new("ours", Peer.Ours, Peer.H2Load);
    private static readonly Pair CppLoaded = new("C++", Peer.Cpp, Peer.H2Load);
    private static readonly Pair Plain = new("plain HttpClient and Kestrel", Peer.Ours, Peer.Ours, IsPlain: true);
    private static readonly Pair Ours = new("ours", Peer.Ours, Peer.Ours);
    private static readonly Pair Cpp = new("C++", Peer.Cpp, Peer.Cpp);
    private static readonly Pair OursToCpp = new("our client, C++ server", Peer.Cpp, Peer.Ours);
    private static readonly Pair CppToOurs = new("C++ client, our server", Peer.Ours, Peer.Cpp);

    /// <summary>All that is measured.</summary>
    public static IReadOnlyList<Work> All { get; } =
    [
        new("unary-server", "unary", 64, [PlainLoaded, OursLoaded, CppLoaded]),
        new("unary", "unary", 64, [Plain, Ours, Cpp, OursToCpp, CppToOurs]),
        new("unary-1", "unary", 1, [Plain, Ours, Cpp]),
        new("upload-1", "upload", 1, [Plain, Ours, Cpp]),
        new("upload-16", "upload", 16, [Plain, Ours, Cpp]),
        new("download-1", "download", 1, [Plain, Ours, Cpp]),
        new("download-16", "download", 16, [Plain, Ours, Cpp]),
        new("echo-16", "echo", 16, [Cpp, Ours, OursToCpp, CppToOurs]),
    ];
}
