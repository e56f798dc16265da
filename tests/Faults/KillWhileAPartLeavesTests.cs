using Npgsql;
using SyncHub.Storage.Tests.Postgres;
using SyncHub.V1;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.Faults.Tests;

/// <summary>A hub is killed just before and just after each statement with which it moves a part of the journal out of the database; another one takes its place and finishes the move.</summary>
public sealed class KillWhileAPartLeavesTests(ITestOutputHelper output)
{
    private const int PartRecords = 100; // the smallest part there is

    // `make test` takes one statement of so many, `make faults` every one.
    private static readonly int Stride = Settings.Number("SYNCHUB_FAULTS_STRIDE") ?? 24;

    [Fact]
    public async Task A_part_that_a_hub_was_moving_when_it_died_leaves_whole_and_once()
    {
        using var instance = new PostgresInstance();
        await using var line = new DatabaseLine(instance.Port, "sequence FROM record_");
        var storage = new NpgsqlConnectionStringBuilder(instance.ConnectionString) { Port = line.Port }.ConnectionString;
        await using var chain = new ScriptedChain(hubIsMortal: false, Stride, output.WriteLine, storage, "--keep-days", "0", "--part-records", $"{PartRecords}", "--storage-lease-ms", "1500");
        await chain.OpenAsync();
        var member = (await chain.AskAsync(chain.First, static (till, options) => till.RegisterAsync(new RegisterRequest { RequestId = "member", Name = "Ann", Card = "1" }, options))).Member.MemberId;
        var round = 0;
        foreach (var side in (string[])["before", "after"])
        {
            var (statement, isAlive) = (1, false);
            for (; !isAlive; statement += Stride)
            {
                var (deaths, parts) = (line.Deaths.Count, Left(instance));
                line.Order(side, statement, chain.KillHub);
                while (line.Deaths.Count == deaths && !line.IsOutlived)
                {
                    await chain.PayAsync(chain.First, $"t{++round}", (till, name, options) => till.TopUpAsync(new TopUpRequest { RequestId = name, MemberId = member, AmountMinor = 100 }, options));
                }

                isAlive = line.Deaths.Count == deaths;
                line.Withdraw();
                await Until.TrueAsync(async () => await IsRevivedAsync(chain) && Left(instance) > parts, () => $"the part leaves after a death {side} statement {statement}");
                await chain.RestAsync(); // with the audit of database and files
            }

            output.WriteLine($"{side}: it lived through a move with an order for statement {statement - Stride}; {line.Deaths.Count} deaths so far");
        }

        output.WriteLine(string.Join(Environment.NewLine, line.Deaths));
        var wrong = chain.Judge();
        chain.KeepsFiles = wrong.Count > 0;
        Assert.Empty(wrong);
        Assert.True(Stride > 1 || line.Deaths.Count > 20, $"only {line.Deaths.Count} deaths");
        foreach (var step in Stride > 1 ? [] : (string[])["INSERT INTO stream_head", "sum_part", "DETACH PARTITION", "UPDATE journal_part", "DROP TABLE", "COMMIT"])
        {
            Assert.Contains(line.Deaths, death => death.StartsWith("after", StringComparison.Ordinal) && death.Contains(step, StringComparison.Ordinal));
        }
    }

    private static async Task<bool> IsRevivedAsync(ScriptedChain chain)
    {
        await chain.ReviveAsync();
        return true;
    }

    private static long Left(PostgresInstance instance) => (long)instance.Ask("SELECT count(*) FROM synchub.journal_part WHERE left_at IS NOT NULL")!;
}
