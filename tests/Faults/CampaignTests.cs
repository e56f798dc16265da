using Xunit;
using Xunit.Abstractions;

namespace SyncHub.Faults.Tests;

/// <summary>Real processes under everything that can happen to them, then healed and counted.</summary>
public sealed class CampaignTests(ITestOutputHelper output)
{
    private const int DefaultSeconds = 15;
    private const int DefaultSeed = 512532; // `make test` is to fail for what was changed, not for what the dice found; `make faults` throws them

    [Fact]
    public async Task Whatever_happens_to_hub_stores_lines_and_disks_no_money_is_lost_made_or_spent_twice()
    {
        var seed = Environment.GetEnvironmentVariable("SYNCHUB_FAULTS_SEED") == "random" ? Random.Shared.Next(1, 1_000_000) : Settings.Number("SYNCHUB_FAULTS_SEED") ?? DefaultSeed;
        var seconds = Settings.Number("SYNCHUB_FAULTS_SECONDS") ?? DefaultSeconds;
        var story = new List<string> { $"seed {seed}: run it again with `make faults SEED={seed} SECONDS={seconds}`" };
        try
        {
            await using var campaign = new Campaign(seed, story.Add);
            var wrong = await campaign.RunAsync(TimeSpan.FromSeconds(seconds));
            campaign.KeepsFiles = wrong.Count > 0;
            Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong.Prepend($"seed {seed}")));
        }
        finally
        {
            output.WriteLine(string.Join(Environment.NewLine, story));
        }
    }
}
