using System.Diagnostics;
using SyncHub.V1;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.EndToEnd.Tests;

/// <summary>What the product promises, with a hub, agents, sockets and databases: online, offline, and back.</summary>
public sealed class ChainTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_member_who_topped_up_at_one_store_spends_everything_at_another_at_once()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (a, b) = (chain.Shops[0], chain.Shops[1]);
        var member = await a.RegisterAsync("c1");
        await a.TopUpAsync(member, 10_000);
        await chain.ConvergeAsync();
        await b.IdentifyAsync(member);

        var watch = Stopwatch.StartNew();
        var answer = await b.SellAsync(member, 10_000);
        output.WriteLine($"sale with a live revoke: {watch.ElapsedMilliseconds} ms");

        Assert.Equal(10_000, answer.Receipt.PaidPrincipalMinor);
        Assert.Equal(10_000, answer.Receipt.RevokedElsewhereMinor);
        Assert.Equal(RejectionCode.InsufficientFunds, (await a.SellAsync(member, 1)).Rejection.Code);
        await chain.ConvergeAsync();
        Assert.Equal(0, (await chain.WalletAsync(member)).PrincipalMinor);
        var report = await chain.AuditAsync();
        Assert.True(report.IsClean(converged: true), string.Join(Environment.NewLine, report.Findings));
    }

    [Fact]
    public async Task With_the_other_store_offline_a_store_spends_exactly_what_that_one_does_not_hold()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (a, b) = (chain.Shops[0], chain.Shops[1]);
        var member = await a.RegisterAsync("c1");
        await a.TopUpAsync(member, 6_000);
        await chain.ConvergeAsync();
        await b.IdentifyAsync(member);
        await b.TopUpAsync(member, 4_000);
        await chain.ConvergeAsync();
        a.Cut();
        await a.OfflineAsync();

        var refused = (await b.SellAsync(member, 10_000)).Rejection;
        Assert.Equal(RejectionCode.InsufficientRights, refused.Code);
        Assert.Equal((4_000, 10_000), (refused.Available.HereMinor, refused.Available.ConfirmedMinor));
        var elsewhere = Assert.Single(refused.Available.Elsewhere);
        Assert.Equal((1, 6_000), (elsewhere.Store, elsewhere.AmountMinor));
        Assert.NotNull((await b.SellAsync(member, 4_000)).Receipt);
        Assert.NotNull((await a.SellAsync(member, 5_000)).Receipt);
        Assert.Equal(RejectionCode.InsufficientRights, (await b.SellAsync(member, 1)).Rejection.Code);

        a.Heal();
        await chain.ConvergeAsync();
        Assert.NotNull((await b.SellAsync(member, 1_000)).Receipt);
        await chain.ConvergeAsync();
        var report = await chain.AuditAsync();
        Assert.True(report.IsClean(converged: true), string.Join(Environment.NewLine, report.Findings));
    }

    [Fact]
    public async Task Without_a_hub_a_store_sells_tops_up_and_refuses_with_the_reason()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (a, b) = (chain.Shops[0], chain.Shops[1]);
        var member = await a.RegisterAsync("c1");
        await a.TopUpAsync(member, 5_000);
        await b.IdentifyAsync(member);
        await chain.ConvergeAsync();
        await chain.StopHubAsync();
        await a.OfflineAsync();
        await b.OfflineAsync();

        var watch = Stopwatch.StartNew();
        Assert.Equal(3_000, (await a.SellAsync(member, 3_000)).Receipt.PaidPrincipalMinor);
        output.WriteLine($"offline sale: {watch.ElapsedMilliseconds} ms");
        Assert.Equal(2_700, (await a.TopUpAsync(member, 700)).Receipt.Available.HereMinor);
        Assert.NotNull((await a.SellAsync(member, 2_700)).Receipt);
        Assert.Equal(RejectionCode.InsufficientFunds, (await a.SellAsync(member, 1)).Rejection.Code);

        // b believes in 5,000, but none of it is b's to spend.
        var refused = (await b.SellAsync(member, 1_000)).Rejection;
        Assert.Equal(RejectionCode.InsufficientRights, refused.Code);
        Assert.Equal((0, 5_000, false), (refused.Available.HereMinor, refused.Available.ConfirmedMinor, refused.Available.Online));
        Assert.True(refused.Available.AsOfMs > 0);

        var offlineMember = await b.RegisterAsync("c2");
        Assert.NotNull((await b.TopUpAsync(offlineMember, 1_000)).Receipt);
        Assert.NotNull((await b.SellAsync(offlineMember, 400)).Receipt);

        await chain.StartHubAsync();
        await chain.ConvergeAsync();
        Assert.Equal(0, (await chain.WalletAsync(member)).PrincipalMinor);
        Assert.Equal(600, (await chain.WalletAsync(offlineMember)).PrincipalMinor);
        var report = await chain.AuditAsync();
        Assert.True(report.IsClean(converged: true), string.Join(Environment.NewLine, report.Findings));
    }

    [Fact]
    public async Task Two_stores_offline_with_one_member_never_spend_more_than_the_wallet()
    {
        await using var chain = await Chain.StartAsync(stores: 3);
        var random = new Random(20261122);
        var member = await chain.Shops[0].RegisterAsync("family");
        foreach (var shop in chain.Shops)
        {
            await shop.IdentifyAsync(member);
            await shop.TopUpAsync(member, 3_000);
        }

        await chain.ConvergeAsync();
        chain.Shops[0].Cut();
        chain.Shops[1].Cut();
        await chain.Shops[0].OfflineAsync();
        await chain.Shops[1].OfflineAsync();

        var spent = 0L;
        var calls = Enumerable.Range(0, 60).Select(async i =>
        {
            var answer = await chain.Shops[i % 3].SellAsync(member, random.Next(1, 800));
            Interlocked.Add(ref spent, answer.Receipt?.PaidPrincipalMinor ?? 0);
        });
        await Task.WhenAll(calls);

        Assert.InRange(spent, 1, 9_000);
        chain.Shops[0].Heal();
        chain.Shops[1].Heal();
        await chain.ConvergeAsync();
        Assert.Equal(9_000 - spent, (await chain.WalletAsync(member)).PrincipalMinor);
        var report = await chain.AuditAsync();
        Assert.True(report.IsClean(converged: true), string.Join(Environment.NewLine, report.Findings));
    }

    [Fact]
    public async Task A_backlog_drains_while_the_till_goes_on_selling()
    {
        await using var chain = await Chain.StartAsync(stores: 1);
        var shop = chain.Shops[0];
        var member = await shop.RegisterAsync("c1");
        await shop.TopUpAsync(member, 1_000_000);
        shop.Cut();
        await shop.OfflineAsync();
        for (var i = 0; i < 300; i++)
        {
            Assert.NotNull((await shop.SellAsync(member, 10)).Receipt);
        }

        Assert.True((await shop.Till.StatusAsync(new StatusRequest())).BacklogOps >= 300);
        shop.Heal();
        for (var i = 0; i < 100; i++)
        {
            Assert.NotNull((await shop.SellAsync(member, 10)).Receipt);
        }

        await chain.ConvergeAsync();
        Assert.Equal(1_000_000 + 150_00 - 4_000, (await chain.WalletAsync(member)) is var wallet ? wallet.PrincipalMinor + wallet.BonusMinor : 0);
    }

    [Fact]
    public async Task After_the_day_close_another_store_refunds_once_and_the_selling_store_no_more()
    {
        await using var chain = await Chain.StartAsync(stores: 3);
        var (a, b, c) = (chain.Shops[0], chain.Shops[1], chain.Shops[2]);
        var member = await a.RegisterAsync("c1");
        await a.TopUpAsync(member, 5_000);
        var sale = (await a.SellAsync(member, 3_000)).Receipt.Op;
        await chain.ConvergeAsync();
        Assert.Equal(RejectionCode.RefundRightElsewhere, (await b.Till.RefundAsync(new RefundRequest { RequestId = "r1", Op = sale, AmountMinor = 100 })).Rejection.Code);

        await a.Till.CloseDayAsync(new CloseDayRequest { RequestId = "close" });
        await chain.ConvergeAsync();
        Assert.Equal(2_000, (await b.Till.RefundAsync(new RefundRequest { RequestId = "r2", Op = sale, AmountMinor = 2_000 })).Receipt.PaidPrincipalMinor);
        Assert.Equal(RejectionCode.RefundRightElsewhere, (await a.Till.RefundAsync(new RefundRequest { RequestId = "r3", Op = sale, AmountMinor = 100 })).Rejection.Code);
        Assert.Equal(RejectionCode.RefundRightElsewhere, (await c.Till.RefundAsync(new RefundRequest { RequestId = "r4", Op = sale, AmountMinor = 100 })).Rejection.Code);

        await b.Till.CloseDayAsync(new CloseDayRequest { RequestId = "close" });
        await chain.ConvergeAsync();
        Assert.Equal(1_000, (await a.Till.RefundAsync(new RefundRequest { RequestId = "r5", Op = sale, AmountMinor = 1_000 })).Receipt.PaidPrincipalMinor);
        Assert.Equal(RejectionCode.RefundTooLarge, (await a.Till.RefundAsync(new RefundRequest { RequestId = "r6", Op = sale, AmountMinor = 1 })).Rejection.Code);

        a.Cut();
        await a.OfflineAsync();
        var topUp = (await a.TopUpAsync(member, 700)).Receipt.Op;
        await a.Till.CloseDayAsync(new CloseDayRequest { RequestId = "close 2" });
        Assert.Equal(RejectionCode.RefundRightElsewhere, (await a.Till.VoidAsync(new VoidRequest { RequestId = "v1", Op = topUp })).Rejection.Code);
        a.Heal();
        await chain.ConvergeAsync();
        await c.IdentifyAsync(member);
        Assert.Equal(700, (await c.Till.VoidAsync(new VoidRequest { RequestId = "v2", Op = topUp })).Receipt.ToppedUpMinor);
        await chain.ConvergeAsync();
        Assert.Equal(5_000, (await chain.WalletAsync(member)).PrincipalMinor);
        var report = await chain.AuditAsync();
        Assert.True(report.IsClean(converged: true), string.Join(Environment.NewLine, report.Findings));
    }
}
