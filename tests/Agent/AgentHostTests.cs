using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;
using Xunit.Abstractions;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace SyncHub.Agent.Tests;

/// <summary>The whole agent over SQLite and real sockets, with no hub anywhere.</summary>
public sealed class AgentHostTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();
    private AgentHost _agent = null!;
    private GrpcChannel _channel = null!;
    private V1.Till.TillClient _till = null!;

    public async Task InitializeAsync()
    {
        new StoreIdentity(7, "Test Street", Incarnation.Of(1, 1).Value, "").Write(_folder.Path);
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_store_without_a_hub_registers_tops_up_and_sells()
    {
        var member = (await _till.RegisterAsync(new V1.RegisterRequest { RequestId = "r", Name = "Li Lei", Phone = "13800000001" })).Member.MemberId;
        Assert.Equal(1_000, (await _till.TopUpAsync(new V1.TopUpRequest { RequestId = "t", MemberId = member, AmountMinor = 1_000 })).Receipt.Available.HereMinor);
        Assert.Equal(600, (await _till.SellAsync(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 400 })).Receipt.Available.HereMinor);
        var status = await _till.StatusAsync(new V1.StatusRequest());
        Assert.Equal((7, "Test Street", false, 3, 3, 1), (status.Store, status.StoreName, status.Online, status.TipSequence, status.BacklogOps, status.Members));
        Assert.NotEqual(0, status.OfflineSinceMs);

        await StopAsync();
        await StartAsync();
        Assert.True((await _till.SellAsync(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 400 })).Receipt.Repeated);
        Assert.Equal(600, (await _till.IdentifyAsync(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = "13800000001" } })).Member.Available.HereMinor);
    }

    [Fact]
    public async Task Its_health_is_told_to_probes_until_it_stops_and_its_contracts_to_nobody()
    {
        var health = new Health.HealthClient(_channel);
        Assert.Equal(ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest())).Status);
        using var watch = health.Watch(new HealthCheckRequest { Service = "synchub.v1.Till" });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(ServingStatus.Serving, watch.ResponseStream.Current.Status);
        using (var reflection = new ServerReflection.ServerReflectionClient(_channel).ServerReflectionInfo())
        {
            Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => reflection.ResponseStream.MoveNext(default))).StatusCode);
        }

        var last = watch.ResponseStream.MoveNext(default);
        await _agent.DisposeAsync();
        Assert.True(await last);
        Assert.Equal(ServingStatus.NotServing, watch.ResponseStream.Current.Status);
    }

    [Fact]
    public async Task The_same_is_served_as_JSON()
    {
        var registered = await PostAsync("Register", """{"requestId":"r","name":"Li Lei","phone":"13800000001"}""");
        var member = registered.GetProperty("member").GetProperty("memberId").GetString();
        await PostAsync("TopUp", $$"""{"requestId":"t","memberId":"{{member}}","amountMinor":1000}""");
        var sale = await PostAsync("sell", $$"""{"requestId":"s","memberId":"{{member}}","billMinor":"400"}""");
        Assert.Equal("600", sale.GetProperty("receipt").GetProperty("available").GetProperty("hereMinor").GetString());
        var refused = await PostAsync("Sell", $$"""{"requestId":"s2","memberId":"{{member}}","billMinor":4000}""");
        Assert.Equal("REJECTION_CODE_INSUFFICIENT_FUNDS", refused.GetProperty("rejection").GetProperty("code").GetString());
        using var status = JsonDocument.Parse(await _http.GetStringAsync(Json("status")));
        Assert.Equal("3", status.RootElement.GetProperty("tipSequence").GetString());
    }

    [Theory]
    [InlineData("Sell", "{", HttpStatusCode.BadRequest)]
    [InlineData("Sell", "", HttpStatusCode.BadRequest)]
    [InlineData("Sell", "[1,2]", HttpStatusCode.BadRequest)]
    [InlineData("Sell", """{"billMinor":"many"}""", HttpStatusCode.BadRequest)]
    [InlineData("Sell", """{"billMinor":99999999999999999999}""", HttpStatusCode.BadRequest)]
    [InlineData("Sell", """{"unknown":1}""", HttpStatusCode.BadRequest)]
    [InlineData("Steal", "{}", HttpStatusCode.NotFound)]
    public async Task Bad_JSON_is_refused_with_a_reason(string method, string body, HttpStatusCode expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(Json(method), content);
        Assert.Equal(expected, response.StatusCode);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.NotEmpty(answer.RootElement.GetProperty("error").GetString()!);
    }

    [Fact]
    public async Task Bodies_that_are_too_large_and_pages_of_strangers_are_refused()
    {
        using var large = new StringContent(new string(' ', 65 * 1024), Encoding.UTF8, "application/json");
        using var tooLarge = await _http.PostAsync(Json("Sell"), large);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);

        using var form = new StringContent("{}", Encoding.UTF8, "text/plain");
        using var unasked = await _http.PostAsync(Json("Sell"), form);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, unasked.StatusCode);

        using var rebound = new HttpRequestMessage(HttpMethod.Get, Json("status")) { Headers = { Host = "shop.example" } };
        using var foreign = await _http.SendAsync(rebound);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
    }

    [Fact]
    public async Task Garbage_on_either_port_harms_nobody()
    {
        foreach (var port in new[] { _agent.TillGrpcPort, _agent.TillJsonPort })
        {
            foreach (var seed in Enumerable.Range(1, 5))
            {
                var garbage = new byte[4096];
                new Random(seed).NextBytes(garbage);
                using var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, port);
                await socket.GetStream().WriteAsync(garbage);
                socket.Client.Shutdown(SocketShutdown.Send);
            }
        }

        using var wrongPort = new HttpRequestMessage(HttpMethod.Post, Json("Sell")) { Content = new ByteArrayContent([0, 0, 0, 0, 1, 9]) };
        wrongPort.Content.Headers.ContentType = new("application/grpc");
        using var refused = await _http.SendAsync(wrongPort);
        Assert.False(refused.IsSuccessStatusCode && refused.Content.Headers.ContentType?.MediaType == "application/json");
        Assert.Equal(7, (await _till.StatusAsync(new V1.StatusRequest())).Store);
    }

    [Fact]
    public async Task Many_tills_at_once_book_each_request_once()
    {
        var member = (await _till.RegisterAsync(new V1.RegisterRequest { RequestId = "r", Name = "Li Lei" })).Member.MemberId;
        await _till.TopUpAsync(new V1.TopUpRequest { RequestId = "t", MemberId = member, AmountMinor = 1_000 });
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(i =>
            _till.SellAsync(new V1.SaleRequest { RequestId = $"s{i % 30}", MemberId = member, BillMinor = 50 }).ResponseAsync));
        Assert.Equal(20, answers.Where(answer => answer.Receipt is not null).Select(answer => answer.Receipt.Op.Sequence).Distinct().Count());
        Assert.Equal(0, (await _till.BalanceAsync(new V1.BalanceRequest { Key = new V1.MemberKey { MemberId = member } })).Member.Available.HereMinor);
    }

    [Fact]
    public async Task The_time_a_till_waits_is_printed()
    {
        var member = (await _till.RegisterAsync(new V1.RegisterRequest { RequestId = "r", Name = "Li Lei" })).Member.MemberId;
        var times = new List<double>();
        for (var i = 0; i < 200; i++)
        {
            var started = Stopwatch.GetTimestamp();
            Assert.NotNull((await _till.TopUpAsync(new V1.TopUpRequest { RequestId = $"t{i}", MemberId = member, AmountMinor = 100 })).Receipt);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        times.Sort();
        output.WriteLine(FormattableString.Invariant($"durable top-ups over gRPC: median {times[100]:0.00} ms, 99th percentile {times[198]:0.00} ms"));
    }

    [Fact]
    public async Task The_ready_file_names_the_ports_and_a_second_agent_on_the_folder_is_refused()
    {
        using var ready = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_folder.Path, "agent.ready.json")));
        Assert.Equal(_agent.TillGrpcPort, ready.RootElement.GetProperty("tillGrpc").GetInt32());
        Assert.Equal(_agent.TillJsonPort, ready.RootElement.GetProperty("tillJson").GetInt32());
        var refused = await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.StartAsync(Options(), NullLoggerFactory.Instance));
        Assert.Equal(AgentStartException.NoStorage, refused.ExitCode);
    }

    [Fact]
    public async Task An_identity_of_another_store_does_not_open_this_database()
    {
        await StopAsync();
        new StoreIdentity(8, "Other", Incarnation.Of(1, 2).Value, "").Write(_folder.Path);
        var refused = await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.StartAsync(Options(), NullLoggerFactory.Instance));
        Assert.Contains("belongs to store 7", refused.Message, StringComparison.Ordinal);
        new StoreIdentity(7, "Test Street", Incarnation.Of(1, 1).Value, "").Write(_folder.Path);
        await StartAsync();
    }

    [Fact]
    public async Task Bad_options_are_named_all_at_once()
    {
        var refused = await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.StartAsync(
            new AgentOptions { DataDirectory = Path.Combine(_folder.Path, "none"), HubAddress = "hub", TillAddress = "0.0.0.0", TillGrpcPort = 70_000 }, NullLoggerFactory.Instance));
        Assert.Equal(AgentStartException.BadOptions, refused.ExitCode);
        Assert.All(["DataDirectory", "HubAddress", "TillAddress", "TillGrpcPort"], key => Assert.Contains(key, refused.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Enrolment_without_a_hub_says_so()
    {
        using var empty = new TempFolder();
        var refused = await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.EnrolAsync(Options() with { DataDirectory = empty.Path }, "ABCDEFGHJK"));
        Assert.Equal(AgentStartException.NoHub, refused.ExitCode);
        Assert.False(StoreIdentity.ExistsIn(empty.Path));
    }

    // Port 1 of loopback: nothing listens there, and connecting fails at once.
    private AgentOptions Options() => new() { DataDirectory = _folder.Path, HubAddress = "http://127.0.0.1:1", InsecureLoopback = true };

    private async Task StartAsync()
    {
        _agent = await AgentHost.StartAsync(Options(), NullLoggerFactory.Instance);
        _channel = GrpcChannel.ForAddress(FormattableString.Invariant($"http://127.0.0.1:{_agent.TillGrpcPort}"));
        _till = new V1.Till.TillClient(_channel);
    }

    private async Task StopAsync()
    {
        _channel.Dispose();
        await _agent.DisposeAsync();
    }

    private Uri Json(string method) => new(FormattableString.Invariant($"http://127.0.0.1:{_agent.TillJsonPort}/v1/till/{method}"));

    private async Task<JsonElement> PostAsync(string method, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(Json(method), content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        using var answer = JsonDocument.Parse(text);
        return answer.RootElement.Clone();
    }
}
