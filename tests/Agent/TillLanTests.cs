using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Agent.Till;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Tests;

/// <summary>The tills' door on the shop's network: TLS with a key that the till pins, and a token for everybody, whatever address he has.</summary>
public sealed class TillLanTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private AgentHost _agent = null!;
    private string _token = "";
    private string _pin = "";

    public async Task InitializeAsync()
    {
        new StoreIdentity(7, "Test Street", Incarnation.Of(1, 1).Value, "").Write(_folder.Path);
        _token = TillPairs.Add(_folder.Path, "till-1");
        _agent = await AgentHost.StartAsync(Options(), NullLoggerFactory.Instance);
        _pin = Fingerprint();
    }

    public async Task DisposeAsync()
    {
        await _agent.DisposeAsync();
        File.Delete(TillCertificate.PathFor(_folder.Path));
        _folder.Dispose();
    }

    [Fact]
    public async Task A_paired_till_that_pins_the_key_sells_over_gRPC_until_it_is_unpaired()
    {
        using var channel = Channel(_pin);
        var till = new V1.Till.TillClient(channel);
        Assert.Equal(7, (await till.StatusAsync(new V1.StatusRequest(), Shown(_token))).Store);
        TillPairs.Remove(_folder.Path, "till-1");
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await till.StatusAsync(new V1.StatusRequest(), Shown(_token)));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    [Fact]
    public async Task Without_a_token_nobody_is_served_even_from_the_agents_own_machine()
    {
        using var channel = Channel(_pin);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Till.TillClient(channel).StatusAsync(new V1.StatusRequest()));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
        Assert.Contains("synchub agent pair", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await JsonAsync(_pin, token: null)).StatusCode);
    }

    [Fact]
    public async Task The_same_port_serves_JSON_under_whatever_name_the_till_knows_the_agent_by()
    {
        using var answer = await JsonAsync(_pin, _token, "agent.shop.example");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("Test Street", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_key_is_not_spoken_to_so_that_the_token_stays_secret()
    {
        using var channel = Channel("sha256//" + Convert.ToBase64String(new byte[32]));
        var failed = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Till.TillClient(channel).StatusAsync(new V1.StatusRequest(), Shown(_token)));
        Assert.Equal(StatusCode.Unavailable, failed.StatusCode);
        Assert.Throws<ArgumentException>(() => PinnedKey.CreateHandler("abc"));
    }

    [Fact]
    public async Task In_the_clear_nobody_is_served()
    {
        using var channel = GrpcChannel.ForAddress(FormattableString.Invariant($"http://127.0.0.1:{_agent.TillLanPort}"));
        await Assert.ThrowsAsync<RpcException>(async () => await new V1.Till.TillClient(channel).StatusAsync(new V1.StatusRequest(), Shown(_token)));
        using var http = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(FormattableString.Invariant($"http://127.0.0.1:{_agent.TillLanPort}/v1/till/status"))));
    }

    [Fact]
    public async Task The_key_outlives_a_restart_is_its_owners_alone_and_is_not_used_where_others_can_read_it()
    {
        await _agent.DisposeAsync();
        _agent = await AgentHost.StartAsync(Options(), NullLoggerFactory.Instance);
        Assert.Equal(_pin, Fingerprint());
        Assert.Equal(_pin, PinnedKey.FingerprintOf(TillCertificate.OpenOrMake(_folder.Path, TimeProvider.System.GetUtcNow())));
        var path = TillCertificate.PathFor(_folder.Path);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            var open = Assert.Throws<AgentStartException>(() => TillCertificate.OpenOrMake(_folder.Path, TimeProvider.System.GetUtcNow()));
            Assert.Contains("chmod 600", open.Message, StringComparison.Ordinal);
        }

        PrivateFile.Write(path, "no key"u8);
        var damaged = Assert.Throws<AgentStartException>(() => TillCertificate.OpenOrMake(_folder.Path, TimeProvider.System.GetUtcNow()));
        Assert.Contains("pair the tills again", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_closed_unless_it_is_asked_for()
    {
        await _agent.DisposeAsync();
        _agent = await AgentHost.StartAsync(Options() with { TillLanAddress = "" }, NullLoggerFactory.Instance);
        Assert.Equal(0, _agent.TillLanPort);
        Assert.Contains((Options() with { TillLanAddress = "shop" }).FindFaults(), fault => fault.Contains("TillLanAddress", StringComparison.Ordinal));
    }

    private static Metadata Shown(string token) => new() { { "authorization", "Bearer " + token } };

    private string Fingerprint()
    {
        using var certificate = TillCertificate.OpenOrMake(_folder.Path, TimeProvider.System.GetUtcNow());
        return PinnedKey.FingerprintOf(certificate);
    }

    private GrpcChannel Channel(string pin) =>
        GrpcChannel.ForAddress(FormattableString.Invariant($"https://127.0.0.1:{_agent.TillLanPort}"), new GrpcChannelOptions { HttpHandler = PinnedKey.CreateHandler(pin), DisposeHttpClient = true });

    private async Task<HttpResponseMessage> JsonAsync(string pin, string? token, string? host = null)
    {
        using var http = new HttpClient(PinnedKey.CreateHandler(pin));
        using var request = new HttpRequestMessage(HttpMethod.Post, FormattableString.Invariant($"https://127.0.0.1:{_agent.TillLanPort}/v1/till/status")) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Host = host;
        var response = await http.SendAsync(request);
        await response.Content.LoadIntoBufferAsync();
        return response;
    }

    // On loopback, which would be trusted on the other doors.
    private AgentOptions Options() => new() { DataDirectory = _folder.Path, HubAddress = "http://127.0.0.1:1", InsecureLoopback = true, TillLanAddress = "127.0.0.1" };
}
