using SyncHub.Storage.Tests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.Faults.Tests;

/// <summary>A process is killed just before and just after each of its writes, started again, and everything must come to rest and be right.</summary>
public sealed class KillAtEveryWriteTests(ITestOutputHelper output)
{
    // `make test` takes one write of so many, `make faults` every one.
    private static readonly int Stride = Settings.Number("SYNCHUB_FAULTS_STRIDE") ?? 24;

    [Fact]
    public Task An_agent_that_is_killed_at_its_writes_loses_and_repeats_nothing() => RunAsync(hubIsMortal: false, ["fact", "lines", "own", "request", "edits", "replica", "meta:closed", "guard", "here"], async chain =>
    {
        var script = new KillScript(chain);
        await chain.SweepAsync(round => script.TradeAsync(round));
    });

    [Fact]
    public Task An_agent_that_is_killed_while_it_gets_a_new_life_gets_it_once() => RunAsync(hubIsMortal: false, ["meta:identity", "meta:wish", "meta:token", "dead", "guard"], async chain =>
    {
        var script = new KillScript(chain);
        await chain.SweepAsync(script.LiveAgainAsync, chain.ForgetAsync);
    });

    [Fact]
    public Task A_hub_that_is_killed_at_its_writes_loses_and_repeats_nothing() => RunAsync(hubIsMortal: true, ["fact", "record", "store", "exposure", "cursor:committed", "here"], async chain =>
    {
        var script = new KillScript(chain);
        await chain.SweepAsync(script.GovernAsync);
    });

    [Fact]
    public async Task A_hub_that_is_killed_at_its_writes_is_followed_by_another_one_and_nothing_is_lost_or_repeated()
    {
        using var database = new PostgresInstance();
        await RunAsync(hubIsMortal: true, ["fact", "record", "store", "exposure", "cursor:committed", "here"], async chain =>
        {
            var script = new KillScript(chain);
            await chain.SweepAsync(script.GovernAsync);
        }, database.ConnectionString);
    }

    private async Task RunAsync(bool hubIsMortal, string[] hit, Func<ScriptedChain, Task> sweep, string storage = "")
    {
        var story = new List<string>();
        try
        {
            await using var chain = new ScriptedChain(hubIsMortal, Stride, story.Add, storage);
            await chain.OpenAsync();
            await sweep(chain);
            var wrong = chain.Judge();
            chain.KeepsFiles = wrong.Count > 0;
            Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
            if (Stride == 1)
            {
                Assert.Superset(hit.ToHashSet(StringComparer.Ordinal), chain.Hit);
            }
        }
        finally
        {
            output.WriteLine(string.Join(Environment.NewLine, story));
        }
    }
}
