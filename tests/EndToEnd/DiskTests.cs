using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Grpc.Net.Client;
using SyncHub.Agent.Hosting;
using SyncHub.Testing;
using SyncHub.V1;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.EndToEnd.Tests;

/// <summary>A store whose disk fills up or turns read-only, on a small file system of its own. Needs root on Linux; says so where it cannot run.</summary>
public sealed class DiskTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("disk").FullName;
    private bool _mounted;

    [Fact]
    public async Task A_full_disk_refuses_stored_value_with_the_reason_and_recovers_when_there_is_space()
    {
        if (!Mount())
        {
            return;
        }

        await using var store = await OpenAsync();
        var member = await store.RegisterAsync();
        Assert.NotNull((await store.TopUpAsync("t1", member)).Receipt);
        SmallDisk.Fill(_folder);

        // Small writes may still fit into the pages that the file has; a few sales use those up.
        Rejection? refused = null;
        var sold = 0;
        for (var i = 0; refused is null && i < 2000; i++)
        {
            var answer = await store.SellAsync($"s{i}", member);
            sold += answer.Receipt is null ? 0 : 1;
            refused = answer.Rejection;
        }

        Assert.Equal(RejectionCode.StorageUnavailable, refused!.Code);
        Assert.NotEmpty(refused.Message);
        output.WriteLine($"{sold} sales fitted; then: {refused.Message}");
        Assert.Equal(1_000_000 - sold, await store.HereAsync(member));

        SmallDisk.MakeSpace(_folder);
        await Until.TrueAsync(async () => (await store.SellAsync("after", member)).Receipt is not null, "the store sells again");
        Assert.Equal(1_000_000 - sold - 1, await store.HereAsync(member));
    }

    [Fact]
    public async Task An_agent_on_a_full_disk_says_what_to_do_or_serves_and_has_lost_nothing_when_there_is_space()
    {
        if (!Mount())
        {
            return;
        }

        string member;
        await using (var before = await OpenAsync())
        {
            member = await before.RegisterAsync();
            Assert.NotNull((await before.TopUpAsync("t1", member)).Receipt);
        }

        SmallDisk.Fill(_folder);
        var logFile = Path.Combine(_folder, "logs", "agent-.log");
        var refused = await Assert.ThrowsAsync<AgentStartException>(() => OpenAsync(logs: null, logFile)); // a database that was closed needs room to be opened
        Assert.Equal(AgentStartException.NoStorage, refused.ExitCode);
        Assert.Contains("free some", refused.Message, StringComparison.OrdinalIgnoreCase);

        SmallDisk.MakeSpace(_folder);
        await using var store = await OpenAsync(logs: null, logFile);
        Assert.Equal(1_000_000, await store.HereAsync(member));
        Assert.NotNull((await store.SellAsync("after", member)).Receipt);
    }

    [Fact]
    public async Task A_disk_that_turns_read_only_refuses_stored_value_and_half_writes_nothing()
    {
        if (!Mount())
        {
            return;
        }

        await using var store = await OpenAsync();
        var member = await store.RegisterAsync();
        Assert.NotNull((await store.TopUpAsync("t1", member)).Receipt);
        if (!SmallDisk.SetReadOnly(_folder, true))
        {
            output.WriteLine("SKIPPED: the file system cannot be made read-only under an open file here.");
            return;
        }

        Assert.Equal(RejectionCode.StorageUnavailable, (await store.SellAsync("s1", member)).Rejection.Code);
        Assert.True(SmallDisk.SetReadOnly(_folder, false));
        await Until.TrueAsync(async () => (await store.SellAsync("s1", member)).Receipt is not null, "the store sells again");
        Assert.Equal(1_000_000 - 1, await store.HereAsync(member));
    }

    public void Dispose()
    {
        if (_mounted)
        {
            SmallDisk.Unmount(_folder);
        }

        Directory.Delete(_folder, recursive: true);
        File.Delete(_folder + ".guard");
        File.Delete(_folder + ".keys");
    }

    private bool Mount()
    {
        _mounted = SmallDisk.TryMount(_folder, 8);
        if (!_mounted)
        {
            output.WriteLine("SKIPPED: needs root and the right to mount a small file system.");
        }

        return _mounted;
    }

    private Task<LoneStore> OpenAsync() => OpenAsync(NullLoggerFactory.Instance, Path.Combine(Path.GetTempPath(), "synchub-disk-test-.log"));

    private async Task<LoneStore> OpenAsync(ILoggerFactory? logs, string logFile)
    {
        // An identity as enrolment writes it; no hub is needed to sell.
        await File.WriteAllTextAsync(Path.Combine(_folder, "identity.json"), """{"store":1,"name":"Harbour","incarnation":4294967297,"authority":""}""");
        var agent = await AgentHost.StartAsync(new AgentOptions { DataDirectory = _folder, HubAddress = "http://127.0.0.1:9", InsecureLoopback = true, LogFile = logFile }, logs);
        return new LoneStore(agent);
    }

    private sealed class LoneStore(AgentHost agent) : IAsyncDisposable
    {
        private readonly GrpcChannel _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{agent.TillGrpcPort}");

        private Till.TillClient Till => new(_channel);

        public async Task<string> RegisterAsync() => (await Till.RegisterAsync(new RegisterRequest { RequestId = "r", Name = "Ann" })).Member.MemberId;

        public async Task<OpAnswer> TopUpAsync(string request, string member) => await Till.TopUpAsync(new TopUpRequest { RequestId = request, MemberId = member, AmountMinor = 985_000 });

        public async Task<OpAnswer> SellAsync(string request, string member) => await Till.SellAsync(new SaleRequest { RequestId = request, MemberId = member, BillMinor = 1 });

        public async Task<long> HereAsync(string member) =>
            (await Till.BalanceAsync(new BalanceRequest { Key = new MemberKey { MemberId = member } })).Member.Available.HereMinor;

        public async ValueTask DisposeAsync()
        {
            _channel.Dispose();
            await agent.DisposeAsync();
        }
    }
}
