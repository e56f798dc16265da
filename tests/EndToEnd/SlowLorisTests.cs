using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Hub;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Users;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>Strangers who hold connections and never finish what they say, at every door that a hub and an agent have: each is cut off by a limit that the options set.</summary>
public sealed class SlowLorisTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // far below what a door without the limit would bear
    private static readonly GrpcLimits Limits = new() { RequestSeconds = 3, SlowBodySeconds = 2, IdleSeconds = 1 };
    private readonly string _folder = Directory.CreateTempSubdirectory("slow").FullName;
    private HubHost _hub = null!;
    private AgentHost _agent = null!;

    public async Task InitializeAsync()
    {
        var folder = Path.Combine(_folder, "hub");
        HubSetup.Init(folder, [], DateTimeOffset.UtcNow);
        Seeds.AddTokenTo(folder, "tests", V1.Role.Admin, Path.Combine(folder, "admin.token"));
        _hub = await HubHost.StartAsync(new HubOptions { DataDirectory = folder, GrpcPort = 0, HttpPort = 0, Limits = Limits }, null, CancellationToken.None);
        var address = $"https://127.0.0.1:{_hub.GrpcPort}";
        using var channel = Trust.Channel(address, folder);
        var admin = new Metadata { { "authorization", "Bearer " + await File.ReadAllTextAsync(Path.Combine(folder, "admin.token")) } };
        var code = (await new V1.Stores.StoresClient(channel).CreateStoreAsync(new V1.CreateStoreRequest(), admin)).EnrolmentCode;
        var options = new AgentOptions { DataDirectory = Directory.CreateDirectory(Path.Combine(_folder, "store")).FullName, HubAddress = address, TillLanAddress = "127.0.0.1", Limits = Limits with { MaxMessageKib = 64 } };
        await AgentHost.EnrolAsync(options, code);
        _agent = await AgentHost.StartAsync(options, NullLoggerFactory.Instance);
    }

    public async Task DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _hub.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_door_cuts_off_who_is_silent_and_who_never_ends_a_handshake_a_header_or_a_body()
    {
        Door[] doors =
        [
            new("hub gRPC", _hub.GrpcPort, IsTls: true, SslApplicationProtocol.Http2, "/synchub.v1.Access/Login"),
            new("hub JSON", _hub.HttpPort, IsTls: true, SslApplicationProtocol.Http11, "/api/login"),
            new("agent gRPC", _agent.TillGrpcPort, IsTls: false, SslApplicationProtocol.Http2, "/synchub.v1.Till/Status"),
            new("agent JSON", _agent.TillJsonPort, IsTls: false, SslApplicationProtocol.Http11, "/v1/till/Sell"),
            new("agent LAN gRPC", _agent.TillLanPort, IsTls: true, SslApplicationProtocol.Http2, "/synchub.v1.Till/Status"),
            new("agent LAN JSON", _agent.TillLanPort, IsTls: true, SslApplicationProtocol.Http11, "/v1/till/Sell"),
        ];
        var attacks = doors.SelectMany(door => (IEnumerable<Task>)
        [
            EndsAsync(door, "a connection without a word", static (tcp, _) => Task.FromResult<Stream>(tcp.GetStream())),
            EndsAsync(door, "a connection that asks for nothing", OpenAsync),
            EndsAsync(door, "headers without an end", async (tcp, to) => await SaidAsync(await OpenAsync(tcp, to), to.IsHttp2 ? Frame(1, 0, 1, [0, 1, (byte)'a', 1, (byte)'b']) : Encoding.ASCII.GetBytes($"POST {to.Path} HTTP/1.1\r\nHost: localhost\r\nX-Slow: "))),
            EndsAsync(door, "a body without an end", async (tcp, to) => await SaidAsync(await OpenAsync(tcp, to), to.IsHttp2
                ? [.. Frame(1, 4, 1, Block((":method", "POST"), (":scheme", "http"), (":path", to.Path), (":authority", "localhost"), ("te", "trailers"), ("content-type", "application/grpc"))), .. Frame(0, 0, 1, [0])]
                : Encoding.ASCII.GetBytes($"POST {to.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"))),
        ]);
        await Task.WhenAll(attacks);

        // Both serve on.
        await using var unharmed = await OpenAsync(new TcpClient("127.0.0.1", _hub.HttpPort), doors[1]);
        await SaidAsync(unharmed, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 200", await new StreamReader(unharmed).ReadToEndAsync(), StringComparison.Ordinal);
        Assert.True(_agent.IsOnline, "the store's own stream is no slow request");
    }

    private static async Task EndsAsync(Door door, string what, Func<TcpClient, Door, Task<Stream>> attack)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", door.Port);
        var watch = Stopwatch.StartNew();
        try
        {
            await using var stream = await attack(tcp, door);
            await stream.CopyToAsync(Stream.Null).WaitAsync(Patience);
        }
        catch (IOException)
        {
            // Cut, which is what this waits for.
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{door.Name} still bears {what} after {watch.Elapsed}");
        }
    }

    private static async Task<Stream> OpenAsync(TcpClient tcp, Door door)
    {
        Stream stream = tcp.GetStream();
        if (door.IsTls)
        {
            var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [door.Protocol], RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null });
            stream = tls;
        }

        return door.IsHttp2 ? await SaidAsync(stream, [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0, [])]) : stream;
    }

    private static async Task<Stream> SaidAsync(Stream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes);
        await stream.FlushAsync();
        return stream;
    }

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) => [0, (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];

    // HPACK, literal fields with new names.
    private static byte[] Block(params (string Name, string Value)[] headers) => [.. headers.SelectMany(header => (byte[])[0, (byte)header.Name.Length, .. Encoding.ASCII.GetBytes(header.Name), (byte)header.Value.Length, .. Encoding.ASCII.GetBytes(header.Value)])];

    private sealed record Door(string Name, int Port, bool IsTls, SslApplicationProtocol Protocol, string Path)
    {
        public bool IsHttp2 => Protocol == SslApplicationProtocol.Http2;
    }
}
