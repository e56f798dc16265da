using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SyncHub.Interop.Matrix;

/// <summary>An official implementation, as its build script left it: a folder with <c>server PORT</c>, <c>client PORT CASE</c>, and the
/// client's cases, one per line, in <c>cases</c>. Either program may be missing.</summary>
internal sealed class Peer(DirectoryInfo folder)
{
    // A machine that also compiles may take this long to start a virtual machine.
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);

    // The C++ client takes 40 s for its slow consumer by itself.
    private static readonly TimeSpan SlowCasePatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan CasePatience = TimeSpan.FromSeconds(30);

    /// <summary>Every implementation that the matrix knows, so that one which could not be had is missed by name.</summary>
    public static IReadOnlyList<string> Known { get; } = ["cpp", "go", "java", "node", "python", "ruby", "http2"];

    public string Name => folder.Name;

    public bool HasServer => File.Exists(PathOf("server"));

    public bool HasClient => File.Exists(PathOf("client"));

    public IReadOnlySet<string> Cases { get; } = File.Exists(Path.Combine(folder.FullName, "cases"))
        ? File.ReadLines(Path.Combine(folder.FullName, "cases")).Select(line => line.Trim()).Where(line => line.Length > 0).ToHashSet(StringComparer.Ordinal)
        : [];

    /// <summary>What the peer is, with its version.</summary>
    public string Version => File.Exists(PathOf("version")) ? File.ReadAllText(PathOf("version")).Trim() : "";

    /// <summary>A port that was free a moment ago; peers cannot be asked for the one they chose.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts the server and waits until it takes connections.</summary>
    public async Task<PeerProcess> StartServerAsync(int port, CancellationToken cancellation)
    {
        var process = Start("server", port.ToString(CultureInfo.InvariantCulture));
        var began = Stopwatch.GetTimestamp();
        while (!await IsOpenAsync(port, cancellation))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(began) > StartPatience)
            {
                var said = process.Output;
                await process.DisposeAsync();
                throw new InvalidOperationException($"The server of {Name} does not take connections on {port}. It said: {said}");
            }

            await Task.Delay(50, cancellation);
        }

        return process;
    }

    /// <summary>Runs one case of the peer's client; null if it passed, or what it said.</summary>
    public async Task<string?> RunCaseAsync(int port, string name, CancellationToken cancellation)
    {
        await using var process = Start("client", port.ToString(CultureInfo.InvariantCulture), name);
        return await process.EndsAsync(name == "slow_consumer" ? SlowCasePatience : CasePatience, cancellation) switch
        {
            0 => null,
            null => "it did not end. " + process.Output,
            var code => $"exit code {code}. {process.Output}",
        };
    }

    private PeerProcess Start(string program, params string[] arguments) => PeerProcess.Start(PathOf(program), arguments);

    private string PathOf(string file) => Path.Combine(folder.FullName, file);

    private static async Task<bool> IsOpenAsync(int port, CancellationToken cancellation)
    {
        using var tcp = new TcpClient();
        try
        {
            await tcp.ConnectAsync("localhost", port, cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
