using System.Collections.Concurrent;
using System.Net.Http.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Rules;
using SyncHub.Hub;
using SyncHub.Hub.Users;
using SyncHub.V1;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>People at both ends: cashiers with PINs when the hub is gone, and logs that tell nothing of anybody.</summary>
public sealed class PeopleTests
{
    private const string Password = "correct horse battery";
    private const string Pin = "493017";
    private const string Phone = "13812345678";

    [Fact]
    public async Task A_cashier_signs_in_without_a_hub_a_manager_approves_and_headquarters_sees_both_names()
    {
        await using var chain = new PeopleChain(new CashierRules { Required = true, ApprovalAboveMinor = 1_000 });
        await chain.StartAsync();
        var till = chain.Till;
        await chain.StopHubAsync();

        Assert.Equal(RejectionCode.NotSignedIn, (await till.RegisterAsync(new RegisterRequest { RequestId = "r0", Name = "Li" })).Rejection.Code);
        Assert.Equal(RejectionCode.WrongPin, (await till.SignInAsync(new SignInRequest { Name = "ann", Pin = "000000" })).Rejection.Code);
        Assert.Equal(RejectionCode.WrongPin, (await till.SignInAsync(new SignInRequest { Name = "elsewhere", Pin = Pin })).Rejection.Code);
        var session = (await till.SignInAsync(new SignInRequest { Name = "Ann", Pin = Pin, Terminal = "till-1" })).Session;
        var member = (await till.RegisterAsync(new RegisterRequest { RequestId = "r1", Name = "Li", Session = session })).Member.MemberId;
        await till.TopUpAsync(new TopUpRequest { RequestId = "t1", MemberId = member, AmountMinor = 5_000, Session = session });
        var sale = (await till.SellAsync(new SaleRequest { RequestId = "s1", MemberId = member, BillMinor = 4_000, Session = session })).Receipt;
        Assert.Equal("ann", sale.Cashier);
        var refund = new RefundRequest { RequestId = "f1", Op = sale.Op, AmountMinor = 1_500, Session = session };
        Assert.Equal(RejectionCode.ApprovalNeeded, (await till.RefundAsync(refund)).Rejection.Code);
        (refund.Approver, refund.ApproverPin) = ("ann", Pin);
        Assert.Equal(RejectionCode.ApprovalNeeded, (await till.RefundAsync(refund)).Rejection.Code);
        (refund.Approver, refund.ApproverPin) = ("max", "000000");
        Assert.Equal(RejectionCode.WrongPin, (await till.RefundAsync(refund)).Rejection.Code);
        (refund.Approver, refund.ApproverPin) = ("max", "704152");
        Assert.Equal("max", (await till.RefundAsync(refund)).Receipt.Approver);
        Assert.True((await till.RefundAsync(refund)).Receipt.Repeated);

        await chain.StartHubAsync();
        await Until.TrueAsync(async () => await till.StatusAsync(new StatusRequest()) is { Online: true, BacklogOps: 0 }, "the store's ops are at the hub");
        await chain.Users.ChangeUserAsync(new ChangeUserRequest { Name = "ann", Role = Role.Cashier, Stores = { 1 }, Disabled = true }, chain.Admin);
        await Until.TrueAsync(async () => (await till.SellAsync(new SaleRequest { RequestId = "s2", MemberId = member, BillMinor = 1, Session = session })).Rejection?.Code == RejectionCode.NotSignedIn, "a cashier who was disabled is out");
    }

    [Fact]
    public async Task Value_by_hand_that_two_people_order_at_headquarters_is_booked_by_the_store_and_the_audit_agrees()
    {
        await using var chain = new PeopleChain(new CashierRules { Required = true });
        await chain.StartAsync();
        var session = (await chain.Till.SignInAsync(new SignInRequest { Name = "ann", Pin = Pin })).Session;
        var member = (await chain.Till.RegisterAsync(new RegisterRequest { RequestId = "r1", Name = "Li", Session = session })).Member.MemberId;
        await chain.Till.TopUpAsync(new TopUpRequest { RequestId = "t1", MemberId = member, AmountMinor = 5_000, Session = session });
        var sale = (await chain.Till.SellAsync(new SaleRequest { RequestId = "s1", MemberId = member, BillMinor = 4_000, Session = session })).Receipt.Op;
        await Until.TrueAsync(async () => await chain.Till.StatusAsync(new StatusRequest()) is { Online: true, BacklogOps: 0 }, "the store's ops are at the hub");
        var (fay, gus) = (await chain.FinanceAsync("fay"), await chain.FinanceAsync("gus"));
        var approvals = new Approvals.ApprovalsClient(chain.Channel);
        AskForRequest[] orders =
        [
            new() { Reason = "goodwill", Adjustment = new OrderedAdjustment { Store = 1, MemberId = member, Kind = BucketKind.Principal, DeltaMinor = 700 } },
            new() { Reason = "paid by mistake", Adjustment = new OrderedAdjustment { Store = 1, MemberId = member, Kind = BucketKind.Principal, DeltaMinor = -200 } },
            new() { Reason = "broken", Refund = new OrderedRefund { Op = sale, AmountMinor = 1_500 } },
        ];

        foreach (var order in orders)
        {
            var asked = await approvals.AskForAsync(order, fay);
            var done = await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, gus);
            Assert.True(done.State == ApprovalState.Done, done.ToString());
        }

        var receipts = (await chain.Till.LastReceiptsAsync(new LastReceiptsRequest { Limit = 3 })).Receipts;
        Assert.All(receipts, receipt => Assert.Equal(("fay", "gus"), (receipt.Cashier, receipt.Approver)));
        await Until.TrueAsync(async () => await chain.Till.StatusAsync(new StatusRequest()) is { BacklogOps: 0 }, "the store's ops are at the hub");
        Assert.Equal(5_000 - 4_000 + 700 - 200 + 1_500, (await new Wallets.WalletsClient(chain.Channel).GetWalletAsync(new GetWalletRequest { MemberId = member }, chain.Admin)).PrincipalMinor);
        await chain.StopAgentAsync();
        await chain.StopHubAsync();
        await Cli.DoAsync("verify", "--hub", Path.Combine(chain.Folder, "hub"), "--agent", Path.Combine(chain.Folder, "store"), "--converged");
    }

    [Fact]
    public async Task Rules_under_which_one_person_is_enough_are_said_aloud_at_the_start_and_work()
    {
        await using var chain = new PeopleChain(new CashierRules { OnePersonIsEnough = true });
        await chain.StartAsync();
        Assert.Contains(chain.Lines, line => line.Contains("One person alone adjusts", StringComparison.Ordinal));
        Assert.DoesNotContain(chain.Lines, line => line.Contains("One person alone reclaims", StringComparison.Ordinal));
        var member = (await chain.Till.RegisterAsync(new RegisterRequest { RequestId = "r1", Name = "Li" })).Member.MemberId;
        Assert.NotNull((await chain.Till.AdjustAsync(new AdjustRequest { RequestId = "a1", MemberId = member, Kind = BucketKind.Points, DeltaMinor = 5, Reason = "goodwill", Operator = "ann" })).Receipt);
    }

    [Fact]
    public async Task Logs_of_a_whole_run_hold_no_phone_no_password_no_pin_no_token_and_no_forged_line()
    {
        await using var chain = new PeopleChain(new CashierRules { Required = true });
        await chain.StartAsync();
        var till = chain.Till;
        var signedIn = await till.SignInAsync(new SignInRequest { Name = "ann", Pin = Pin });
        await till.SignInAsync(new SignInRequest { Name = "ann", Pin = "555666" });
        await till.RegisterAsync(new RegisterRequest { RequestId = "r1", Name = "Wang Secretname", Phone = Phone, Session = signedIn.Session });
        await till.RegisterAsync(new RegisterRequest { RequestId = "r2\n2026-01-01 [ERR] forged", Name = "x\ny", Session = signedIn.Session });
        await Until.TrueAsync(async () => await till.StatusAsync(new StatusRequest()) is { Online: true, BacklogOps: 0 }, "the store's ops are at the hub");
        var members = new V1.Members.MembersClient(chain.Channel);
        var found = await members.FindMemberAsync(new FindMemberRequest { Phone = Phone }, chain.Admin);
        await members.EraseMemberAsync(new EraseMemberRequest { MemberId = found.MemberId, Operator = "kim", Reason = "wanted" }, chain.Admin);
        var access = new Access.AccessClient(chain.Channel);
        await Assert.ThrowsAsync<RpcException>(async () => await access.LoginAsync(new LoginRequest { User = "mia", Password = "not her password" }));
        var session = (await access.LoginAsync(new LoginRequest { User = "mia", Password = Password })).Token;
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{chain.HttpPort}") };
        await http.PostAsJsonAsync("/api/login", new { user = "mia\nforged", password = "not her password" });
        using var store = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{chain.TillJsonPort}") };
        await store.PostAsJsonAsync("/v1/till/Register", new { request_id = "r3", phone = Phone, nothing = 1 });
        await Assert.ThrowsAsync<RpcException>(async () => await members.FindMemberAsync(new FindMemberRequest { Phone = Phone }, new Metadata { { "authorization", "Bearer syt_guessedguessed" } }));
        await chain.StopAgentAsync();
        await chain.StopHubAsync();

        var logged = string.Join('\n', chain.Lines);

        Assert.Contains("Agent of", logged, StringComparison.Ordinal);
        Assert.Contains("A sign-in from", logged, StringComparison.Ordinal);
        foreach (var secret in (string[])[Phone, "Secretname", Password, "not her password", Pin, "555666", signedIn.Session, session, chain.AdminToken, "syt_guessed", "forged"])
        {
            Assert.DoesNotContain(secret, logged, StringComparison.Ordinal);
        }

        foreach (var path in Directory.EnumerateFiles(chain.Folder, "*", SearchOption.AllDirectories).Where(path => !path.EndsWith("admin.token", StringComparison.Ordinal)))
        {
            var bytes = await ReadAsync(path);
            foreach (var secret in (string[])[Password, Pin, "555666", signedIn.Session, session, chain.AdminToken])
            {
                Assert.True(bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(secret)) < 0, $"{path} holds a secret");
            }
        }
    }

    private static async Task<byte[]> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes);
        return bytes;
    }

    /// <summary>A hub with people, one store, and everything that either of them logs.</summary>
    private sealed class PeopleChain(CashierRules rules) : ILoggerProvider, IAsyncDisposable
    {
        private HubHost? _hub;
        private AgentHost? _agent;
        private GrpcChannel? _tills;
        private ILoggerFactory? _logs;
        private int _port;

        public string Folder { get; } = Directory.CreateTempSubdirectory("people").FullName;

        public ConcurrentQueue<string> Lines { get; } = [];

        public string AdminToken { get; private set; } = "";

        public Metadata Admin => new() { { "authorization", "Bearer " + AdminToken } };

        public GrpcChannel Channel { get; private set; } = null!;

        public V1.Users.UsersClient Users => new(Channel);

        public Till.TillClient Till => new(_tills!);

        public int HttpPort => _hub!.HttpPort;

        public int TillJsonPort => _agent!.TillJsonPort;

        private string HubFolder => Path.Combine(Folder, "hub");

        public async Task StartAsync()
        {
            AdminToken = Seeds.AddToken(HubFolder, "tests", Role.Admin);
            await File.WriteAllTextAsync(Path.Combine(Folder, "rules.json"), RulesetJson.Write(RulesetJson.Preset("youzan") with { Cashiers = rules }));
            await StartHubAsync();
            var code = (await new V1.Stores.StoresClient(Channel).CreateStoreAsync(new CreateStoreRequest(), Admin)).EnrolmentCode;
            var store = Directory.CreateDirectory(Path.Combine(Folder, "store")).FullName;
            var options = new AgentOptions { DataDirectory = store, HubAddress = $"http://127.0.0.1:{_port}", InsecureLoopback = true };
            await AgentHost.EnrolAsync(options, code);
            _logs = LoggerFactory.Create(logging => logging.AddProvider(this).SetMinimumLevel(LogLevel.Debug));
            _agent = await AgentHost.StartAsync(options, _logs);
            _tills = GrpcChannel.ForAddress($"http://127.0.0.1:{_agent.TillGrpcPort}");
            await Until.TrueAsync(async () => (await Till.StatusAsync(new StatusRequest())).Online, "the store is online");
            await Users.AddUserAsync(new AddUserRequest { Name = "ann", Role = Role.Cashier, Stores = { 1 } }, Admin);
            await Users.AddUserAsync(new AddUserRequest { Name = "max", Role = Role.StoreManager, Stores = { 1 }, Password = Password }, Admin);
            await Users.AddUserAsync(new AddUserRequest { Name = "elsewhere", Role = Role.Cashier, Stores = { 2 } }, Admin);
            await Users.AddUserAsync(new AddUserRequest { Name = "mia", Role = Role.Marketing, Password = Password }, Admin);
            var cashiers = new Cashiers.CashiersClient(Channel);
            await cashiers.SetPinAsync(new SetPinRequest { Name = "elsewhere", Pin = Pin }, Admin);
            await cashiers.SetPinAsync(new SetPinRequest { Name = "ann", Pin = Pin }, Admin);
            await cashiers.SetPinAsync(new SetPinRequest { Name = "max", Pin = "704152" }, Admin);
            await Until.TrueAsync(async () => (await Till.SignInAsync(new SignInRequest { Name = "max", Pin = "704152" })).Rejection is null, "the store knows its cashiers");
        }

        /// <summary>What a new person of finance sends.</summary>
        public async Task<Metadata> FinanceAsync(string name)
        {
            await Users.AddUserAsync(new AddUserRequest { Name = name, Role = Role.Finance, Password = Password }, Admin);
            return new Metadata { { "authorization", "Bearer " + (await new Access.AccessClient(Channel).LoginAsync(new LoginRequest { User = name, Password = Password })).Token } };
        }

        public async Task StartHubAsync()
        {
            _hub = await HubHost.StartAsync(new HubOptions { DataDirectory = HubFolder, GrpcPort = _port, HttpPort = 0, InsecureLoopback = true, Ruleset = Path.Combine(Folder, "rules.json") }, logging => logging.AddProvider(this).SetMinimumLevel(LogLevel.Debug), CancellationToken.None);
            _port = _hub.GrpcPort;
            Channel = GrpcChannel.ForAddress($"http://127.0.0.1:{_port}");
        }

        public async Task StopHubAsync()
        {
            if (_hub is { } hub)
            {
                _hub = null;
                Channel.Dispose();
                await hub.DisposeAsync();
            }
        }

        public async Task StopAgentAsync()
        {
            _tills?.Dispose();
            if (_agent is { } agent)
            {
                _agent = null;
                await agent.DisposeAsync();
            }
        }

        public ILogger CreateLogger(string categoryName) => new Listener(Lines);

        public void Dispose()
        {
        }

        public async ValueTask DisposeAsync()
        {
            await StopAgentAsync();
            await StopHubAsync();
            _logs?.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }

    private sealed class Listener(ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue(formatter(state, exception) + exception);
    }
}
