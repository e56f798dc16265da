using System.Diagnostics;
using System.Globalization;
using SyncHub.V1;

namespace SyncHub.Bench;

/// <summary>Members who register and top up at a till, many at a time.</summary>
internal static class MemberLoad
{
    /// <summary>What each member pays in, minor units.</summary>
    public const long TopUpMinor = 1_000_000;

    private const int InFlight = 128;

    /// <summary>Registers members with a card each, and tops each up once.</summary>
    /// <returns>Their ids.</returns>
    public static async Task<string[]> RunAsync(Agent agent, int members, CancellationToken cancellation)
    {
        var ids = new string[members];
        var done = 0;
        var since = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, members), new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancellation }, async (number, token) =>
        {
            var text = number.ToString("000000", CultureInfo.InvariantCulture);
            var registered = await agent.Till.RegisterAsync(new RegisterRequest { RequestId = "register-" + text, Name = "Member " + text, Card = "6200" + text, Terminal = "t1", Operator = "o1" }, cancellationToken: token);
            ids[number] = registered.Member?.MemberId ?? throw new InvalidOperationException($"A registration was refused: {registered.Rejection}");
            var topUp = await agent.Till.TopUpAsync(new TopUpRequest { RequestId = "top-up-" + text, MemberId = ids[number], AmountMinor = TopUpMinor, Terminal = "t1", Operator = "o1" }, cancellationToken: token);
            if (topUp.Receipt is null)
            {
                throw new InvalidOperationException($"A top-up was refused: {topUp.Rejection}");
            }

            var finished = Interlocked.Increment(ref done);
            if (finished % 10_000 == 0)
            {
                await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {finished} members, {2 * finished / Stopwatch.GetElapsedTime(since).TotalSeconds:0} ops/s"));
            }
        });
        return ids;
    }
}
