using SyncHub.V1;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.Faults.Tests;

/// <summary>The wall clock of a running agent is set ahead and back, by hours and by years, and stands still: that costs comfort, never money.</summary>
public sealed class ClockTests(ITestOutputHelper output)
{
    private static readonly string[] Times = ["+3h", "-3h", "+40d", FakeClock.Dead, "+3650d", "-3650d", FakeClock.Right];
    private const long HourMs = 3_600_000;
    private const long TopUpMinor = 2_000;
    private const long SaleMinor = 300;

    [Fact]
    public async Task A_store_whose_clock_jumps_while_it_sells_books_everything_once_and_sells_on_when_it_is_right_again()
    {
        if (!FakeClock.IsPossible)
        {
            output.WriteLine("SKIPPED: moving the clock of a process needs libfaketime (Debian: package faketime).");
            return;
        }

        await using var chain = new ScriptedChain(hubIsMortal: false, stride: 1, output.WriteLine);
        await chain.OpenAsync();
        var member = (await chain.AskAsync(chain.First, (till, options) => till.RegisterAsync(new RegisterRequest { RequestId = "r", Name = "Ann", Card = "c" }, options))).Member.MemberId;
        for (var i = 0; i < Times.Length; i++)
        {
            chain.First.Clock.Set(Times[i]);
            await Until.TrueAsync(async () => IsShown(Times[i], (await TopUpAsync(chain, member)).OccurredAtMs), () => $"a receipt shows the time {Times[i]}");
            await SellAsync(chain, chain.First, $"s{i}", member);
            await SellAsync(chain, chain.Second, $"e{i}", member); // rights move under the wrong clock too
        }

        await chain.RestAsync();
        var wrong = chain.Judge();
        chain.KeepsFiles = wrong.Count > 0;
        Assert.Empty(wrong);
    }

    // The agent reads the file once a second, so the first receipts may still show the time before.
    private static bool IsShown(string time, long occurredAtMs)
    {
        var hoursOff = (occurredAtMs - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()) / HourMs;
        return time == FakeClock.Dead ? DateTimeOffset.FromUnixTimeMilliseconds(occurredAtMs).Year == 2001
            : time == FakeClock.Right ? hoursOff == 0
            : time[0] == '+' ? hoursOff > 1
            : hoursOff < -1 && DateTimeOffset.FromUnixTimeMilliseconds(occurredAtMs).Year > 2001;
    }

    private int _topUps;

    private Task<Receipt> TopUpAsync(ScriptedChain chain, string member) =>
        chain.PayAsync(chain.First, $"t{_topUps++}", (till, name, options) => till.TopUpAsync(new TopUpRequest { RequestId = name, MemberId = member, AmountMinor = TopUpMinor }, options));

    private static Task<Receipt> SellAsync(ScriptedChain chain, StoreNode store, string request, string member) =>
        chain.PayAsync(store, request, (till, name, options) => till.SellAsync(new SaleRequest { RequestId = name, MemberId = member, BillMinor = SaleMinor }, options));
}
