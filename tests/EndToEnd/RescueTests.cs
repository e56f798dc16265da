using SyncHub.V1;
using SyncHub.Verify;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>The rare acts of deploy/RUNBOOK.md as drills: each command is run as an operator runs it, and the books are audited at the end.</summary>
public sealed class RescueTests
{
    [Fact]
    public async Task A_hub_that_went_back_to_a_backup_hears_its_stores_out_and_nothing_is_lost()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (a, b) = (chain.Shops[0], chain.Shops[1]);
        var member = await a.RegisterAsync("c1");
        await a.TopUpAsync(member, 10_000);
        await chain.ConvergeAsync();
        string[] backup = ["hub", "backup", "--data", chain.HubFolder, "--to", chain.PathOf("copy.db")];
        await Cli.DoAsync(backup);
        Assert.Equal(2, (await Cli.RunAsync(backup)).ExitCode); // a copy is never overwritten

        // What the copy does not know: rights that moved, sales, a member, a top-up.
        await b.IdentifyAsync(member);
        Assert.NotNull((await b.SellAsync(member, 4_000)).Receipt);
        Assert.NotNull((await a.SellAsync(member, 500)).Receipt);
        var late = await b.RegisterAsync("c2");
        await b.TopUpAsync(late, 7_000);
        await chain.ConvergeAsync();
        string[] restore = ["hub", "restore", "--data", chain.HubFolder, "--from", chain.PathOf("copy.db")];
        var (refused, why) = await Cli.RunAsync(restore);
        Assert.Equal((2, true), (refused, why.Contains("held by process", StringComparison.Ordinal)));

        await chain.StopHubAsync();
        a.Cut();
        await Cli.DoAsync(restore);
        await chain.StartHubAsync();
        await b.OnlineAsync();
        Assert.Contains("reconciling", await chain.HqAsync("store", "list"), StringComparison.Ordinal);
        Assert.Null((await b.SellAsync(late, 9_000)).Receipt); // never more than it holds
        Assert.NotNull((await b.SellAsync(late, 1_000)).Receipt);
        a.Heal();
        await chain.ConvergeAsync();
        await Until.TrueAsync(async () => !(await chain.HqAsync("store", "list")).Contains("reconciling", StringComparison.Ordinal), "every store was heard out");

        Assert.Equal(5_500, (await chain.WalletAsync(member)).PrincipalMinor);
        Assert.Equal(6_000, (await chain.WalletAsync(late)).PrincipalMinor);
        Assert.NotNull((await b.SellAsync(member, 5_500)).Receipt); // rights move again
        await a.IdentifyAsync(late);
        Assert.NotNull((await a.SellAsync(late, 6_000)).Receipt);
        await chain.ConvergeAsync();
        Assert.Equal(0, (await chain.WalletAsync(member)).PrincipalMinor);
        AssertBooks(await chain.AuditAsync());
    }

    [Fact]
    public async Task A_store_whose_database_is_an_older_copy_locks_itself_and_goes_on_in_a_new_life()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (a, b) = (chain.Shops[0], chain.Shops[1]);
        var member = await a.RegisterAsync("c1");
        await a.TopUpAsync(member, 5_000);
        await chain.ConvergeAsync();
        await a.StopAsync();
        CopyFolder(a.Folder, chain.PathOf("old"));
        await a.StartAsync();
        Assert.NotNull((await a.SellAsync(member, 2_000)).Receipt);
        await chain.ConvergeAsync();

        await a.StopAsync();
        Directory.Delete(a.Folder, recursive: true);
        CopyFolder(chain.PathOf("old"), a.Folder);
        await a.StartAsync();
        await a.UnlockedAsync();
        await chain.ConvergeAsync();

        Assert.Equal(3_000, (await chain.WalletAsync(member)).PrincipalMinor);
        Assert.Equal(RejectionCode.InsufficientRights, (await b.SellAsync(member, 3_000)).Rejection.Code); // the old life may have spent it
        await chain.HqAsync("store", "reclaim", "1", "--dead-lives", "--payer", "hq/loss", "--approver", "Eve", "--yes");
        Assert.NotNull((await b.SellAsync(member, 1_000)).Receipt);
        Assert.NotNull((await a.SellAsync(member, 2_000)).Receipt);
        await chain.ConvergeAsync();
        Assert.Equal(0, (await chain.WalletAsync(member)).PrincipalMinor);
        AssertBooks(await chain.AuditAsync());
    }

    [Fact]
    public async Task A_copy_of_a_store_on_a_second_machine_waits_in_quarantine_until_HQ_lets_it_go_on()
    {
        await using var chain = await Chain.StartAsync(stores: 1);
        var first = chain.Shops[0];
        var member = await first.RegisterAsync("c1");
        await first.TopUpAsync(member, 5_000);
        await chain.ConvergeAsync();
        await first.StopAsync();
        CopyFolder(first.Folder, chain.PathOf("second"));
        File.Copy(first.Folder + ".keys", chain.PathOf("second.keys")); // without them a copy cannot even be read
        File.Copy(first.Folder + ".machine", chain.PathOf("second.machine")); // whoever copies the machine has its key too
        await first.StartAsync();
        await first.OnlineAsync();

        var second = chain.AddMachine(chain.PathOf("second"));
        await second.StartAsync();
        await Until.TrueAsync(async () => (await chain.HqAsync("store", "list")).Contains("QUARANTINE", StringComparison.Ordinal), "the copy is in quarantine");
        Assert.Equal(RejectionCode.AgentLocked, (await second.SellAsync(member, 100)).Rejection.Code);
        Assert.NotNull((await first.SellAsync(member, 1_000)).Receipt);
        await Until.TrueAsync(async () => (await first.Till.StatusAsync(new StatusRequest())).BacklogOps == 0, "the first machine has reported");

        await first.StopAsync();
        chain.Shops.Remove(first);
        await chain.HqAsync("store", "release", "1", "--approver", "Eve");
        await second.UnlockedAsync();
        await chain.HqAsync("store", "reclaim", "1", "--dead-lives", "--payer", "hq/loss", "--approver", "Eve", "--yes");
        Assert.NotNull((await second.SellAsync(member, 4_000)).Receipt);
        await chain.ConvergeAsync();
        Assert.Equal(0, (await chain.WalletAsync(member)).PrincipalMinor);
        AssertBooks(await chain.AuditAsync());
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_lost_store_is_reclaimed_and_replaced_and_what_its_disk_tells_later_lands_at_the_payer()
    {
        await using var chain = await Chain.StartAsync(stores: 2);
        var (a, lost) = (chain.Shops[0], chain.Shops[1]);
        var member = await a.RegisterAsync("c1");
        await a.TopUpAsync(member, 6_000);
        await chain.ConvergeAsync();
        await lost.IdentifyAsync(member);
        await lost.TopUpAsync(member, 4_000);
        await chain.ConvergeAsync();
        lost.Cut();
        await lost.OfflineAsync();
        Assert.NotNull((await lost.SellAsync(member, 3_000)).Receipt);
        await lost.StopAsync();
        chain.Shops.Remove(lost);
        Assert.Equal(RejectionCode.InsufficientRights, (await a.SellAsync(member, 10_000)).Rejection.Code);

        string[] reclaim = ["store", "reclaim", "2", "--payer", "hq/loss", "--approver", "Eve"];
        Assert.Equal(2, (await Cli.RunAsync([.. reclaim, "--hub", chain.HubAddress, "--token-file", Path.Combine(chain.HubFolder, "admin.token")])).ExitCode); // nobody said yes
        Assert.Contains("40.00 of", await chain.HqAsync([.. reclaim, "--yes"]), StringComparison.Ordinal);
        Assert.NotNull((await a.SellAsync(member, 10_000)).Receipt);

        var replaced = await chain.HqAsync("store", "replace", "2", "--approver", "Eve");
        var folder = chain.PathOf("replacement");
        await Cli.DoAsync("agent", "replace", "--data", folder, "--hub", chain.HubAddress, "--code", CodeIn(replaced));
        Assert.Equal(2, (await Cli.RunAsync("agent", "replace", "--data", a.Folder, "--hub", chain.HubAddress, "--code", "ABCDEFGHJKABCDEFGHJKABCDEFGHJK")).ExitCode); // an agent runs there
        var machine = chain.AddMachine(folder);
        await machine.StartAsync();
        await machine.OnlineAsync();
        Assert.NotNull((await machine.TopUpAsync(member, 500)).Receipt);
        await chain.ConvergeAsync();

        string[] upload = ["agent", "upload", "--data", folder, "--hub", chain.HubAddress, "--from", lost.Folder];
        await Cli.DoAsync(upload);
        await Cli.DoAsync(upload); // twice is once
        await chain.ConvergeAsync();
        var wallet = await chain.WalletAsync(member);
        Assert.Equal((500, 3_000), (wallet.PrincipalMinor, wallet.Buckets.Sum(bucket => bucket.LossMinor)));
        Assert.Contains("hq/loss bears", await chain.HqAsync("case", "list"), StringComparison.Ordinal);
        AssertBooks(await chain.AuditAsync());
        await lost.DisposeAsync();
    }

    private static void AssertBooks(AuditReport report) =>
        Assert.True(report.IsClean(converged: true), string.Join(Environment.NewLine, report.Findings.Concat(report.Unsettled).Select(finding => finding.ToString())));

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static string CodeIn(string said) => said.Split("code ", 2)[1].Split(',')[0];
}
