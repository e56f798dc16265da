using SyncHub.Demo.Traces;

namespace SyncHub.Demo.Tests;

public sealed class TraceTests
{
    [Fact]
    public void Stores_are_mapped_by_first_appearance_modulo_their_number()
    {
        var map = new StoreMap([Row("x"), Row("y"), Row("x"), Row("z"), Row("w")], 3);
        Assert.Equal([0, 1, 2, 0], "xyzw".Select(store => map[store.ToString()]));
        Assert.Equal(4, map.NamedStores);
    }

    [Fact]
    public void A_store_that_is_not_in_the_trace_is_not_guessed() =>
        Assert.Throws<KeyNotFoundException>(() => new StoreMap([Row("x")], 3)["y"]);

    [Fact]
    public void The_same_seed_makes_the_same_trace_and_another_seed_another()
    {
        Assert.Equal(SyntheticTrace.Make(7, 3_000).Rows, SyntheticTrace.Make(7, 3_000).Rows);
        Assert.NotEqual(SyntheticTrace.Make(7, 3_000).Rows, SyntheticTrace.Make(8, 3_000).Rows);
    }

    [Fact]
    public void The_first_row_of_seed_7_is_the_same_on_every_machine() =>
        Assert.Equal(SyntheticTrace.Make(7, 1).Rows[0], SyntheticTrace.Make(7, 500).Rows[0]);

    [Fact]
    public void A_synthetic_trace_has_the_shape_of_a_real_one()
    {
        var rows = SyntheticTrace.Make(1, 20_000).Rows;
        Assert.Equal(20_000, rows.Count);
        Assert.Equal(rows.OrderBy(row => row.At), rows);
        Assert.True(rows.Select(row => row.Store).Distinct(StringComparer.Ordinal).Count() >= 8);
        Assert.InRange(rows.Select(row => row.Member).Distinct(StringComparer.Ordinal).Count(), 1_400, 1_500);
        Assert.All(rows, row => Assert.NotEqual(0, row.AmountMinor));
        Assert.Contains(rows, row => row.AmountMinor < 0);
        var soonElsewhere = rows.GroupBy(row => row.Member, StringComparer.Ordinal).Sum(member => member.Zip(member.Skip(1)).Count(pair => pair.First.Store != pair.Second.Store && pair.Second.At - pair.First.At < TimeSpan.FromMinutes(20)));
        Assert.InRange(soonElsewhere, 300, 1_500);
    }

    [Fact]
    public void Taking_more_receipts_than_there_are_takes_them_all()
    {
        var trace = SyntheticTrace.Make(1, 10);
        Assert.Equal(10, trace.Take(100).Rows.Count);
        Assert.Equal(trace.Rows.Take(4), trace.Take(4).Rows);
    }

    private static TraceRow Row(string store) => new(1, DateTimeOffset.UnixEpoch, store, "m", 1);
}
