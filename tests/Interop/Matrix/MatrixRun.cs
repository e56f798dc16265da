using Microsoft.AspNetCore.Builder;
using SyncHub.Interop.Client;
using SyncHub.Interop.Service;

namespace SyncHub.Interop.Matrix;

/// <summary>Runs case by peer by direction.</summary>
internal static class MatrixRun
{
    // Old connections close between the calls of rpc_soak and channel_soak, and at no other case's expense.
    private static readonly TimeSpan ConnectionAge = TimeSpan.FromMilliseconds(200);

    /// <summary>The cases of the public description that apply to plaintext, and the extra ones of ours and of the C++ client.</summary>
    private static readonly string[] Cases =
    [
        "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
        "client_compressed_unary", "client_compressed_streaming", "server_compressed_unary", "server_compressed_streaming",
        "custom_metadata", "large_metadata", "status_code_and_message", "special_status_message", "unimplemented_method", "unimplemented_service",
        "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server", "unary_deadline",
        "half_close", "half_duplex", "slow_consumer", "rpc_soak", "channel_soak",
    ];

    /// <summary>The cases of the misbehaving HTTP/2 server, in the order of its ports.</summary>
    private static readonly string[] Http2Cases = 
    [
        "data_frame_padding", "goaway", "max_streams", "no_df_padding_sanity_test", "ping", "rst_after_data", "rst_after_header", "rst_during_data",
    ];

    /// <summary>Runs the matrix and writes the table.</summary>
    /// <returns>0, or 1 if a failure counts.</returns>
    public static async Task<int> RunAsync(DirectoryInfo peers, string[] only, FileInfo table, CancellationToken cancellation)
    {
        var present = Peer.Known
            .Where(name => only.Length == 0 || only.Contains(name, StringComparer.Ordinal))
            .Select(name => new Peer(new DirectoryInfo(Path.Combine(peers.FullName, name))))
            .ToLookup(peer => peer.HasServer || peer.HasClient);
        var rows = new List<Row>();
        var serverPort = Peer.FreePort();
        var agingPort = Peer.FreePort();
        await using var ours = await InteropServer.StartAsync(serverPort, TimeSpan.Zero, cancellation);
        await using var aging = await InteropServer.StartAsync(agingPort, ConnectionAge, cancellation);
        foreach (var peer in present[true].Where(peer => peer.Name != "http2"))
        {
            await AttemptAsync(peer, rows, () => RunPeerAsync(peer, name => name.EndsWith("_soak", StringComparison.Ordinal) ? agingPort : serverPort, rows, cancellation));
        }

        if (present[true].FirstOrDefault(peer => peer.Name == "http2") is { } http2)
        {
            await AttemptAsync(http2, rows, () => RunHttp2Async(http2, [.. present[true]], rows, cancellation));
        }

        await ours.StopAsync(cancellation);
        await aging.StopAsync(cancellation);
        var text = Table.Write(rows, [.. present[true]], [.. present[false]]);
        table.Directory!.Create();
        await File.WriteAllTextAsync(table.FullName, text, cancellation);
        Console.WriteLine();
        Console.WriteLine(text);
        return rows.SelectMany(row => row.Failures).Any() ? 1 : 0;
    }

    // A server that does not even start is a failure of its own; the other peers still have their turn.
    private static async Task AttemptAsync(Peer peer, List<Row> rows, Func<Task> run)
    {
        try
        {
            await run();
        }
        catch (InvalidOperationException exception)
        {
            Add(rows, new Row(peer.Name, "server_start", Cell.Absent, Cell.Failed(exception.Message), Cell.Absent));
        }
    }

    private static async Task RunPeerAsync(Peer peer, Func<string, int> ourPort, List<Row> rows, CancellationToken cancellation)
    {
        var theirPort = Peer.FreePort();
        await using var server = peer.HasServer ? await peer.StartServerAsync(theirPort, cancellation) : null;
        foreach (var name in Cases)
        {
            var hasCase = peer.HasClient && peer.Cases.Contains(name);
            var row = new Row(
                peer.Name,
                name,
                hasCase ? await TheirsAsync(peer, ourPort(name), name, cancellation) : Cell.Absent,
                server is not null && name != "channel_soak" ? await OursAsync(theirPort, name) : Cell.Absent,
                hasCase && server is not null ? await TheirsAsync(peer, theirPort, name, cancellation) : Cell.Absent);
            Add(rows, row);
        }
    }

    // The official server of broken streams: one port per case. The clients of Go and C++ show what is to be expected of it.
    private static async Task RunHttp2Async(Peer http2, IReadOnlyList<Peer> peers, List<Row> rows, CancellationToken cancellation)
    {
        var first = Peer.FreePort();
        await using var server = await http2.StartServerAsync(first, cancellation);
        foreach (var (index, name) in Http2Cases.Index())
        {
            var official = peers.FirstOrDefault(peer => peer.HasClient && peer.Cases.Contains(name));
            Add(rows, new Row(
                http2.Name,
                name,
                Cell.Absent,
                await OursAsync(first + index, name),
                official is null ? Cell.Absent : await TheirsAsync(official, first + index, name, cancellation)));
        }
    }

    private static void Add(List<Row> rows, Row row)
    {
        rows.Add(row);
        Console.WriteLine($"{row.Peer,-8}{row.Case,-30}{row.ToOurs.Mark,-6}{row.ToTheirs.Mark,-6}{row.Themselves.Mark}");
    }

    private static async Task<Cell> TheirsAsync(Peer peer, int port, string name, CancellationToken cancellation) =>
        await peer.RunCaseAsync(port, name, cancellation) is { } failure ? Cell.Failed(failure) : Cell.Passed;

    private static async Task<Cell> OursAsync(int port, string name)
    {
        using var client = new InteropClient("localhost", port);
        try
        {
            await client.RunAsync(name);
            return Cell.Passed;
        }
        catch (Exception exception)
        {
            // The one place where a case of ours ends: whatever went wrong belongs into its cell.
            return Cell.Failed($"{exception.GetType().Name}: {exception.Message}");
        }
    }
}
