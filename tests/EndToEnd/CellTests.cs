using Grpc.Core;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>Members shared by two hubs with a database each: for a store, a member and headquarters one chain.</summary>
public sealed class CellTests
{
    private static readonly Cell First = new(1, 2);

    [Fact]
    public async Task Members_of_both_cells_top_up_at_one_store_and_spend_at_another_and_the_books_of_each_cell_are_right()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 2);
        var members = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            members.Add(await chain.Shops[0].RegisterAsync($"13800000{i:000}"));
        }

        Assert.Equal([1, 2], members.Select(CellOf).Distinct().Order());
        foreach (var member in members)
        {
            Assert.NotNull((await chain.Shops[0].TopUpAsync(member, 10_000)).Receipt);
        }

        foreach (var (member, i) in members.Select((member, i) => (member, i)))
        {
            var found = await chain.Shops[1].Till.IdentifyAsync(new IdentifyTillRequest { Key = new MemberKey { Phone = $"13800000{i:000}" } });
            Assert.Equal(member, found.Member?.MemberId);
            Assert.NotNull((await chain.Shops[1].SellAsync(member, 3_000)).Receipt);
        }

        await chain.ConvergeAsync();
        var wallets = new Wallets.WalletsClient(chain.Hq);
        foreach (var member in members)
        {
            Assert.Equal(7_000, (await wallets.GetWalletAsync(new GetWalletRequest { MemberId = member }, chain.Admin)).PrincipalMinor);
        }

        var listed = await new V1.Stores.StoresClient(chain.Hq).ListStoresAsync(new ListStoresRequest(), chain.Admin);
        Assert.Equal([1, 2], listed.Stores.Select(store => store.Store));
        Assert.All(listed.Stores, store => Assert.True(store is { Enrolled: true, Online: true, Certificate: CertificateState.Valid }));
        Assert.Equal(12 * 7_000, listed.Stores.Sum(store => store.ExposureMinor) + (await FreeAsync(wallets, chain, members)));

        foreach (var report in await chain.AuditAsync())
        {
            Assert.True(report.IsClean(true), string.Join(Environment.NewLine, report.Findings));
            Assert.True(report.OpsLogged > 0 && report.OpsLogged == report.OpsApplied);
        }
    }

    [Fact]
    public async Task Keys_of_hubs_are_revoked_in_every_cell_by_one_command_and_the_chain_goes_on()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 1);
        var before = Enumerable.Range(0, 2).Select(place => File.ReadAllText(Path.Combine(chain.FolderOf(place), "certificates", "hub.key"))).ToArray();
        Assert.DoesNotContain("Not told", await chain.HqAsync("hub", "revoke-keys", "--by", "eve"), StringComparison.Ordinal);
        for (var place = 0; place < 2; place++)
        {
            Assert.NotEqual(before[place], await File.ReadAllTextAsync(Path.Combine(chain.FolderOf(place), "certificates", "hub.key")));
        }

        var folder = chain.Shops[0].Folder;
        string[] floors = [Path.Combine(folder, "hub.floor"), Path.Combine(folder + ".cell-2", "hub.floor")];
        await Until.TrueAsync(() => Task.FromResult(floors.All(File.Exists)), "the store has heard of it in both cells");
        Assert.Equal(await File.ReadAllTextAsync(floors[0]), await File.ReadAllTextAsync(floors[1]));
        var (here, there) = (await RegisterInAsync(chain, 1), await RegisterInAsync(chain, 2));
        Assert.NotNull(here);
        Assert.NotNull(there);
        await chain.ConvergeAsync(); // the first cell's hub and the second one's speak to each other
    }

    [Fact]
    public async Task A_cell_that_is_out_of_reach_stops_nobody_of_the_other_one_and_its_own_members_spend_what_the_store_holds()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 2);
        var (here, there) = (await RegisterInAsync(chain, 1), await RegisterInAsync(chain, 2));
        foreach (var member in new[] { here, there })
        {
            await chain.Shops[0].TopUpAsync(member, 10_000);
        }

        await chain.ConvergeAsync();
        await chain.StopHubAsync(1);
        await chain.Shops[0].OfflineAsync(1);
        var status = await chain.Shops[0].Till.StatusAsync(new StatusRequest());
        Assert.True(status is { Online: false } && status.Cells[0].Online);

        // The member of the cell that is there moves between the stores; the other one spends where the rights are.
        Assert.NotNull((await chain.Shops[1].SellAsync(here, 9_000)).Receipt);
        Assert.True((await chain.Shops[0].SellAsync(there, 4_000)).Receipt is { WasOnline: false });
        var hq = new Wallets.WalletsClient(chain.Hq);
        Assert.Equal(1_000, (await hq.GetWalletAsync(new GetWalletRequest { MemberId = here }, chain.Admin)).PrincipalMinor);
        var away = await Assert.ThrowsAsync<RpcException>(async () => await hq.GetWalletAsync(new GetWalletRequest { MemberId = there }, chain.Admin));
        Assert.Equal(StatusCode.Unavailable, away.StatusCode);
        Assert.Contains("Cell 2/2 does not answer", away.Status.Detail, StringComparison.Ordinal);

        await chain.StartHubAsync(1);
        await chain.ConvergeAsync();
        Assert.Equal(6_000, (await hq.GetWalletAsync(new GetWalletRequest { MemberId = there }, chain.Admin)).PrincipalMinor);
        Assert.All(await chain.AuditAsync(), report => Assert.True(report.IsClean(true), string.Join(Environment.NewLine, report.Findings)));
    }

    [Fact]
    public async Task One_phone_is_one_member_whichever_store_registers_it_and_whichever_cell_it_is_in()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 2);
        var member = await chain.Shops[0].RegisterAsync("13900000001", "CARD-1");
        await chain.ConvergeAsync();
        foreach (var key in new[] { new RegisterRequest { Phone = "13900000001" }, new RegisterRequest { Phone = "13900000002", Card = "CARD-1" }, new RegisterRequest { Card = "CARD-1" } })
        {
            key.RequestId = chain.Shops[1].NextRequest();
            key.Name = "Ann";
            Assert.Equal(RejectionCode.DuplicateClaim, (await chain.Shops[1].Till.RegisterAsync(key)).Rejection?.Code);
        }

        var members = new V1.Members.MembersClient(chain.Hq);
        Assert.Equal(member, (await members.FindMemberAsync(new FindMemberRequest { Card = "CARD-1" }, chain.Admin)).MemberId);
        Assert.Equal(member, (await members.FindMemberAsync(new FindMemberRequest { Phone = "13900000001" }, chain.Admin)).MemberId);
        foreach (var profile in new[] { new MemberProfile { Name = "Ann", Card = "CARD-1" }, new MemberProfile { Name = "Ann", Phone = "13900000002", Card = "CARD-1" } })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await members.CreateMemberAsync(new CreateMemberRequest { Profile = profile }, chain.Admin));
            Assert.Equal(StatusCode.AlreadyExists, refused.StatusCode);
        }

        var unknown = await Assert.ThrowsAsync<RpcException>(async () => await members.FindMemberAsync(new FindMemberRequest { Phone = "1" }, chain.Admin));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task The_day_is_closed_once_and_its_cash_is_counted_against_all_cells()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 1);
        var shop = chain.Shops[0];
        await shop.TopUpAsync(await RegisterInAsync(chain, 1), 10_000);
        await shop.TopUpAsync(await RegisterInAsync(chain, 2), 5_000);
        var request = new CloseDayRequest { RequestId = "close-1", CountedCashMinor = 14_900 };
        var day = await shop.Till.CloseDayAsync(request);
        Assert.Null(day.Rejection);
        Assert.Equal((2, 15_000, 15_000, -100), (day.TopUps, day.TopUpCashMinor, day.ExpectedCashMinor, day.CashDifferenceMinor));
        Assert.Equal(day, await shop.Till.CloseDayAsync(request));
        Assert.Equal(0, (await shop.Till.CloseDayAsync(new CloseDayRequest { RequestId = "close-2" })).ExpectedCashMinor);
        Assert.Equal(2, (await shop.Till.LastReceiptsAsync(new LastReceiptsRequest())).Receipts.Count);
    }

    [Fact]
    public async Task What_one_store_sold_another_one_refunds_in_each_cell_and_two_people_reclaim_a_store_from_all_of_them()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 2);
        foreach (var number in new[] { 1, 2 })
        {
            var member = await RegisterInAsync(chain, number);
            await chain.Shops[0].TopUpAsync(member, 10_000);
            var sale = (await chain.Shops[0].SellAsync(member, 2_000)).Receipt;
            Assert.Equal(number, new Incarnation(sale.Op.Incarnation).Cell);
            await chain.Shops[0].Till.CloseDayAsync(new CloseDayRequest { RequestId = $"close-{number}" });
            await chain.ConvergeAsync();
            await chain.Shops[1].Till.IdentifyAsync(new IdentifyTillRequest { Key = new MemberKey { MemberId = member } });
            var refund = await chain.Shops[1].Till.RefundAsync(new RefundRequest { RequestId = $"refund-{number}", Op = sale.Op, AmountMinor = 500 });
            Assert.True(refund.Receipt is not null, refund.Rejection?.Message);
        }

        await chain.ConvergeAsync();
        await chain.Shops[0].StopAsync();
        await ReclaimAsync(chain, new ReclaimRequest { Store = 1 });
        var store = (await new V1.Stores.StoresClient(chain.Hq).ListStoresAsync(new ListStoresRequest(), chain.Admin)).Stores[0];
        Assert.Equal((0, CertificateState.Revoked), (store.ExposureMinor, store.Certificate));
        Assert.Equal(2, store.Lives.Count(life => life is { Release: ReleaseKind.Reclaimed, Approver: "lee for kim" }));
    }

    [Fact]
    public async Task What_two_people_order_for_a_member_of_the_second_cell_is_booked_there()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 1);
        var member = await RegisterInAsync(chain, 2);
        await chain.ConvergeAsync();
        await AddUserAsync(chain, "kim");
        await AddUserAsync(chain, "lee");
        var approvals = new Approvals.ApprovalsClient(chain.Hq);
        foreach (var request in new[]
        {
            new AskForRequest { Reason = "by mistake", Adjustment = new OrderedAdjustment { Store = 1, MemberId = member, Kind = BucketKind.Principal, DeltaMinor = 700 } },
            new AskForRequest { Reason = "a good customer", CreditLimit = new SetCreditLimitRequest { MemberId = member, LimitMinor = 900 } },
        })
        {
            var asked = await approvals.AskForAsync(request, await LoginAsync(chain, "kim"));
            Assert.Equal(asked.Id, Assert.Single((await approvals.ListApprovalsAsync(new ListApprovalsRequest(), await LoginAsync(chain, "lee"))).Approvals).Id);
            Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, await LoginAsync(chain, "kim")))).StatusCode);
            var done = await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, await LoginAsync(chain, "lee"));
            Assert.True(done.State == ApprovalState.Done, done.Outcome);
        }

        await chain.ConvergeAsync();
        var wallet = await new Wallets.WalletsClient(chain.Hq).GetWalletAsync(new GetWalletRequest { MemberId = member }, chain.Admin);
        Assert.Equal((700, 900), (wallet.PrincipalMinor, wallet.CreditLimitMinor));
        var denied = await Assert.ThrowsAsync<RpcException>(async () => await approvals.ApproveAsync(new DecideRequest { Id = "nothing" }, await LoginAsync(chain, "lee")));
        Assert.Equal(StatusCode.NotFound, denied.StatusCode);
        Assert.All(await chain.AuditAsync(), report => Assert.True(report.IsClean(true), string.Join(Environment.NewLine, report.Findings)));
    }

    [Fact]
    public async Task What_the_commands_print_enrols_a_store_in_every_cell_and_wrong_hubs_are_told()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 0);
        var said = await chain.HqAsync("store", "enrol", "--name", "Harbour");
        var (hubs, code) = (said.Split("--hub '")[1].Split('\'')[0], said.Split("--code ")[1].Trim());
        var folder = chain.PathOf("harbour");
        foreach (var (wrong, why) in new[] { (hubs.Split(';')[0], "--hub names the hubs of 1 cells"), (string.Join(';', hubs.Split(';').Reverse()), "This hub leads cell 1/2, the agent means cell 2/2") })
        {
            var (exit, complaint) = await Cli.RunAsync("agent", "enrol", "--data", folder, "--hub", wrong, "--code", wrong == hubs.Split(';')[0] ? code : string.Join('+', code.Split('+').Reverse()));
            Assert.NotEqual(0, exit);
            Assert.Contains(why, complaint, StringComparison.Ordinal);
        }

        // Neither used the code up.
        Assert.Contains("This machine is store 1, Harbour", await Cli.DoAsync("agent", "enrol", "--data", folder, "--hub", hubs, "--code", code), StringComparison.Ordinal);
        Assert.Contains("Harbour", await chain.HqAsync("store", "list"), StringComparison.Ordinal);
        var other = await Cli.RunAsync("agent", "run", "--data", folder, "--hub", hubs.Split(';')[0]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("this store's chain has 2", other.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_is_replaced_gets_a_new_life_in_each_cell()
    {
        await using var chain = await CellChain.StartAsync(cells: 2, stores: 1);
        var members = new[] { await RegisterInAsync(chain, 1), await RegisterInAsync(chain, 2) };
        foreach (var member in members)
        {
            await chain.Shops[0].TopUpAsync(member, 10_000);
        }

        await chain.ConvergeAsync();
        var shop = chain.Shops[0];
        await shop.StopAsync();
        var code = await new V1.Stores.StoresClient(chain.Hq).ReplaceAgentAsync(new ReplaceAgentRequest { Store = 1, Approver = "tests" }, chain.Admin);
        var (_, aside) = await AgentReplacement.RunAsync(new AgentOptions { DataDirectory = shop.Folder, HubAddress = shop.Hubs }, code.EnrolmentCode, TimeProvider.System.GetUtcNow());
        Assert.Equal(2, aside.Count);
        foreach (var old in aside)
        {
            Assert.True(await Agent.Sync.OldLogUpload.RunAsync(new AgentOptions { DataDirectory = shop.Folder, HubAddress = shop.Hubs }, old, CancellationToken.None) > 0);
        }

        // Nobody knows what the lost machine has done since: two people take back what it held, from all cells.
        await ReclaimAsync(chain, new ReclaimRequest { Store = 1, OnlyDeadLives = true });
        await shop.StartAsync();
        await shop.OnlineAsync();
        foreach (var member in members)
        {
            var found = await shop.Till.IdentifyAsync(new IdentifyTillRequest { Key = new MemberKey { MemberId = member } });
            Assert.NotNull(found.Member);
            var sold = await shop.SellAsync(member, 10_000);
            Assert.True(sold.Receipt is not null, sold.Rejection?.Message);
        }

        await chain.ConvergeAsync();
        var state = Assert.Single((await new V1.Stores.StoresClient(chain.Hq).ListStoresAsync(new ListStoresRequest(), chain.Admin)).Stores);
        Assert.Equal([1, 1, 2, 2], state.Lives.Select(life => new Incarnation(life.Incarnation).Cell).Order());
    }

    private static int CellOf(string member) => MemberId.TryParse(member, out var id) ? First.NumberOf(id) : 0;

    private static async Task<string> RegisterInAsync(CellChain chain, int number)
    {
        var phone = Enumerable.Range(0, 1000).Select(i => $"1370000{i:0000}").First(phone => First.NumberOf(phone) == number);
        return await chain.Shops[0].RegisterAsync(phone);
    }

    private static async Task<long> FreeAsync(Wallets.WalletsClient wallets, CellChain chain, IEnumerable<string> members)
    {
        var free = 0L;
        foreach (var member in members)
        {
            free += (await wallets.GetWalletAsync(new GetWalletRequest { MemberId = member }, chain.Admin)).Buckets.Where(bucket => bucket.Bucket.Kind == BucketKind.Principal).Sum(bucket => bucket.Pool);
        }

        return free;
    }

    private static async Task ReclaimAsync(CellChain chain, ReclaimRequest request)
    {
        await AddUserAsync(chain, "kim");
        await AddUserAsync(chain, "lee");
        var approvals = new Approvals.ApprovalsClient(chain.Hq);
        var asked = await approvals.AskForAsync(new AskForRequest { Reason = "burnt down", Reclaim = request }, await LoginAsync(chain, "kim"));
        Assert.Equal(ApprovalState.Done, (await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, await LoginAsync(chain, "lee"))).State);
    }

    private static async Task AddUserAsync(CellChain chain, string name) =>
        await new Users.UsersClient(chain.Hq).AddUserAsync(new AddUserRequest { Name = name, Role = Role.Finance, Password = "tall trees by the river" }, chain.Admin);

    private static async Task<Metadata> LoginAsync(CellChain chain, string name) =>
        new() { { "authorization", "Bearer " + (await new Access.AccessClient(chain.Hq).LoginAsync(new LoginRequest { User = name, Password = "tall trees by the river" })).Token } };
}
