using SyncHub.Demo.Outages;
using SyncHub.Demo.Traces;

namespace SyncHub.Demo.Tests;

public sealed class ScheduleTests
{
    private const int Rows = 5_000;
    private const int Stores = 8;
    private static readonly Trace Trace = SyntheticTrace.Make(3, Rows);
    private static readonly StoreMap Map = new(Trace.Rows, Stores);

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(30)]
    [InlineData(100)]
    public void The_share_of_store_time_without_network_is_as_asked(int percent)
    {
        var cut = Plan(percent).Outages.Sum(outage => (long)outage.ToRow - outage.FromRow);
        var asked = (long)Rows * Stores * percent / 100;
        Assert.InRange(cut, asked - (Rows / Schedule.Slots), asked + (Rows / Schedule.Slots));
    }

    [Fact]
    public void Outages_of_one_store_never_touch()
    {
        foreach (var store in Plan(40).Outages.GroupBy(outage => outage.Store))
        {
            var ordered = store.OrderBy(outage => outage.FromRow).ToArray();
            Assert.All(ordered.Zip(ordered.Skip(1)), pair => Assert.True(pair.First.ToRow < pair.Second.FromRow, $"{pair}"));
        }
    }

    [Fact]
    public void Two_stores_lose_their_network_together_while_members_visit_both()
    {
        var schedule = Plan(6);
        Assert.True(schedule.Pairs >= 1);
        var crossed = 0;
        foreach (var member in Trace.Rows.Index().GroupBy(row => row.Item.Member, StringComparer.Ordinal))
        {
            var cut = member.Where(row => schedule.Outages.Any(outage => outage.Store == Map[row.Item.Store] && outage.Covers(row.Index)))
                .GroupBy(row => row.Index * Schedule.Slots / Rows).Where(slot => slot.Select(row => Map[row.Item.Store]).Distinct().Count() > 1);
            crossed += cut.Count();
        }

        Assert.True(crossed > 0, "no member met two cut stores in one stretch");
    }

    [Fact]
    public void Every_store_that_is_cut_is_healed_and_every_mishap_is_in_order()
    {
        var schedule = Plan(20);
        Assert.Equal(schedule.Mishaps.OrderBy(mishap => mishap.Row), schedule.Mishaps);
        Assert.Equal(
            schedule.Mishaps.Where(mishap => mishap.Kind is MishapKind.CutRefusing or MishapKind.CutSilent).Select(mishap => mishap.Store).Order(),
            schedule.Mishaps.Where(mishap => mishap.Kind == MishapKind.Heal).Select(mishap => mishap.Store).Order());
    }

    [Fact]
    public void An_agent_is_killed_at_40_percent_and_the_hub_at_65()
    {
        var mishaps = Plan(6).Mishaps;
        Assert.Equal(Rows * 40 / 100, Assert.Single(mishaps, mishap => mishap.Kind == MishapKind.KillAgent).Row);
        Assert.Equal(Rows * 65 / 100, Assert.Single(mishaps, mishap => mishap.Kind == MishapKind.KillHub).Row);
    }

    [Fact]
    public void The_same_seed_plans_the_same() => Assert.Equal(Plan(6).Mishaps, Plan(6).Mishaps);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(30)]
    public void A_trace_of_a_few_rows_can_be_planned(int rows)
    {
        var few = Trace.Rows.Take(rows).ToArray();
        var schedule = Schedule.Plan(few, new StoreMap(few, Stores), Stores, 50, 1);
        Assert.All(schedule.Mishaps, mishap => Assert.InRange(mishap.Row, 0, rows));
    }

    [Fact]
    public void One_store_alone_in_a_trace_leaves_no_pairs()
    {
        var rows = Trace.Rows.Select(row => row with { Store = "ONLINE" }).ToArray();
        var schedule = Schedule.Plan(rows, new StoreMap(rows, Stores), Stores, 6, 1);
        Assert.Equal(0, schedule.Pairs);
        Assert.All(schedule.Mishaps, mishap => Assert.Equal(0, mishap.Store)); // nobody shops at the others
    }

    [Fact]
    public void Upgrades_reach_every_second_store_and_then_the_hub_and_change_nothing_else()
    {
        var plain = Plan(6);
        var upgraded = Schedule.Plan(Trace.Rows, Map, Stores, 6, seed: 5, upgrades: true);
        var added = upgraded.Mishaps.Where(mishap => mishap.Kind is MishapKind.UpgradeAgent or MishapKind.UpgradeHub).ToArray();
        Assert.Equal(plain.Mishaps, upgraded.Mishaps.Except(added));
        Assert.Equal(Enumerable.Range(0, Stores).Where(store => store % 2 == 0), added.Where(mishap => mishap.Kind == MishapKind.UpgradeAgent).Select(mishap => mishap.Store));
        Assert.Equal(MishapKind.UpgradeHub, added[^1].Kind);
        Assert.True(added[^1].Row > plain.Mishaps.Single(mishap => mishap.Kind == MishapKind.KillHub).Row);
    }

    private static Schedule Plan(int percent) => Schedule.Plan(Trace.Rows, Map, Stores, percent, seed: 5);
}
