using SyncHub.V1;
using static SyncHub.Verify.Tests.Make;

namespace SyncHub.Verify.Tests;

public sealed class HealthyTests
{
    [Fact]
    public async Task A_healthy_chain_has_no_findings()
    {
        using var chains = await Chains.HealthyAsync();
        var report = chains.Audit();
        Assert.Empty(report.Findings);
        Assert.Empty(report.Unsettled);
        Assert.True(report.IsClean(converged: true));
        Assert.Equal((13, 13, 0, 0, 0), (report.OpsLogged, report.OpsApplied, report.OpsPending, report.OpsLost, report.OpsDuplicated));
        Assert.Equal((3, 0, 0, 0L), (report.Members, report.WalletsMismatched, report.NegativeAmounts, report.LedgerImbalanceMinor));
    }

    [Fact]
    public async Task The_report_tells_what_each_member_owns()
    {
        using var chains = await Chains.HealthyAsync();
        var report = chains.Audit();
        Assert.Equal(new WalletTotals(7_000, 40), report.Wallets[Ann]);
        Assert.Equal(new WalletTotals(5_000, 0), report.Wallets[Bob]);
        Assert.Equal(new WalletTotals(700, 0), report.Wallets[Cy]);
    }

    [Fact]
    public async Task A_hub_can_be_audited_without_its_stores()
    {
        using var chains = await Chains.HealthyAsync();
        var report = chains.Audit([]);
        Assert.True(report.IsClean(converged: true));
        Assert.Equal((13, 13), (report.OpsLogged, report.OpsApplied));
    }

    [Fact]
    public async Task Ops_that_have_not_reached_the_hub_are_pending_and_no_fault()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await chain.Log(1, Op(OpType.TopUp, Cy, Credit(Principal, 50)));
            await chain.Lines(1, Cy, HealthyChain.Held(Principal, 0, 750, 0, 0));
        });
        var report = chains.Audit();
        Assert.Empty(report.Findings);
        Assert.Equal((14, 13, 1), (report.OpsLogged, report.OpsApplied, report.OpsPending));
        Assert.True(report.IsClean(converged: false));
        Assert.False(report.IsClean(converged: true));
        Assert.Equal(["line_behind", "op_pending"], report.Counts.Keys.Order());
    }

    [Fact]
    public async Task An_op_that_used_rights_that_nobody_backed_is_the_stores_loss()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            // Cy owns 7.00 at store 1; store 2 sells for 10.00 without a grant. Nothing is free, so the store bears it all.
            var sale = Op(OpType.Sale, Cy, Debit(Principal, 1_000));
            await chain.Applied(2, sale, Entry("store/2/loss", 1_000), Entry("store/2/sales", -1_000));
            await chain.Lines(2, Cy, HealthyChain.Held(Principal, 1_000, 0, 1_000, 0));
        });
        Chains.Edit<MemberEventRecord>(chains.Hub, "record", "payload", "store = 2 AND sequence = 8", record => record.OpApplied.Classification = Classification.Anomaly);
        var report = chains.Audit();
        // The wallet is untouched; what remains to be said is that the store's g was never granted.
        Assert.Equal(["line_grant_ahead"], report.Counts.Keys);
        Assert.Equal(new WalletTotals(700, 0), report.Wallets[Cy]);
    }

    [Fact]
    public async Task An_op_about_no_member_is_kept_and_needs_no_record()
    {
        using var chains = await Chains.HealthyAsync(chain => chain.Kept(2, OpType.Redeem));
        Assert.True(chains.Audit().IsClean(converged: true));
    }

    [Fact]
    public async Task Hub_and_stores_may_go_on_while_they_are_audited()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            var isDone = false;
            var audits = Task.Run(() =>
            {
                var reports = new List<AuditReport>();
                while (!Volatile.Read(ref isDone) || reports.Count == 0)
                {
                    reports.Add(chain.Audit());
                }

                return reports;
            });
            for (var i = 1; i <= 400; i++)
            {
                var lines = ChainBuilder.LinesOf(Cy, HealthyChain.Held(Principal, 0, 700 + i, 0, 0));
                await chain.Applied(1, Op(OpType.TopUp, Cy, Credit(Principal, 1)), lines, Entry("wallet/principal", -1), Entry("store/1/cash", 1));
            }

            Volatile.Write(ref isDone, true);
            foreach (var report in await audits)
            {
                Assert.True(report.IsClean(converged: false), string.Join('\n', report.Findings));
            }
        });
        Assert.True(chains.Audit().IsClean(converged: true));
    }

    [Fact]
    public void The_audit_knows_nothing_of_the_core()
    {
        var references = typeof(Audit).Assembly.GetReferencedAssemblies().Select(reference => reference.Name);
        Assert.DoesNotContain("SyncHub.Core", references);
    }

    [Fact]
    public async Task The_text_has_a_line_per_check_and_the_json_every_count()
    {
        using var chains = await Chains.HealthyAsync();
        var report = chains.Audit();
        using var text = new StringWriter();
        ReportWriter.WriteText(report, converged: true, text);
        Assert.Equal(FindingCodes.Checks.Count, text.ToString().Split('\n').Count(line => line.EndsWith(" ok", StringComparison.Ordinal)));
        using var stream = new MemoryStream();
        ReportWriter.WriteJson(report, converged: true, stream);
        using var json = System.Text.Json.JsonDocument.Parse(stream.ToArray());
        Assert.True(json.RootElement.GetProperty("clean").GetBoolean());
        Assert.Equal(13, json.RootElement.GetProperty("ops_applied").GetInt64());
    }

    [Fact]
    public void Every_code_belongs_to_exactly_one_check()
    {
        var codes = typeof(FindingCodes).GetFields().Select(field => (string)field.GetValue(null)!).Order();
        Assert.Equal(codes, FindingCodes.Checks.SelectMany(check => check.Codes).Order());
    }
}
