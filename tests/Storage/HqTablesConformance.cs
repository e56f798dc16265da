using SyncHub.Storage.Hq;

namespace SyncHub.Storage.Tests;

/// <summary>What the tables of HQ do on every engine.</summary>
public abstract class HqTablesConformance
{
    private static readonly StreamId Ann = new(1);
    private static readonly StreamId Bob = new((UInt128.One << 127) + 2);

    /// <summary>Empty tables.</summary>
    protected abstract IHqTables Tables { get; }

    /// <summary>The same tables as another process opens them.</summary>
    protected abstract IHqTables OpenAgain();

    /// <summary>The first column of each row.</summary>
    protected abstract IReadOnlyList<string> Ask(string sql);

    [Fact]
    public void A_page_and_its_position_are_written_together()
    {
        Assert.Equal(0, Tables.ReadPosition());
        Assert.True(Tables.TryWrite(Page(0, 3, Ann)));
        Assert.Equal(3, Tables.ReadPosition());
        Assert.Equal(3, OpenAgain().ReadPosition());
        Assert.Equal(["1", "1", "1", "1", "1", "1", "1"], Count());
    }

    [Fact]
    public void A_page_that_starts_elsewhere_writes_nothing()
    {
        Assert.True(Tables.TryWrite(Page(0, 3, Ann)));
        Assert.False(OpenAgain().TryWrite(Page(0, 2, Bob)));
        Assert.False(Tables.TryWrite(Page(4, 5, Bob)));
        Assert.Equal(3, Tables.ReadPosition());
        Assert.Equal(["1", "1", "1", "1", "1", "1", "1"], Count());
    }

    [Fact]
    public void A_members_rows_are_replaced_as_a_whole_and_nobody_elses()
    {
        Tables.TryWrite(Page(0, 2, Ann, Bob));
        var page = new HqPage(2, 3);
        page.Members.Add(Member(Ann, 7));
        page.Replaced.Add(Ann);
        page.Wallets.Add(new HqWallet(Ann, "points", "PTS", 5, 5, 0));
        Assert.True(Tables.TryWrite(page));
        Assert.Equal(["7", "1"], Ask("SELECT version FROM hq_member ORDER BY version DESC"));
        Assert.Equal(["points", "principal"], Ask("SELECT bucket FROM hq_wallet ORDER BY bucket"));
        Assert.Equal(["1"], Ask("SELECT count(*) FROM hq_lot"));
        Assert.Equal(["1"], Ask("SELECT count(*) FROM hq_right_line"));
        Assert.Equal(["2"], Ask("SELECT count(*) FROM hq_op"));
    }

    [Fact]
    public void Rows_that_changed_are_written_over_and_the_members_others_stay()
    {
        Tables.TryWrite(Page(0, 2, Ann, Bob));
        var page = new HqPage(2, 3);
        page.Members.Add(Member(Ann, 7));
        page.Wallets.Add(new HqWallet(Ann, "principal", "CNY", 90, 30, 60));
        page.RightLines.Add(new HqRightLine(Ann, 4, 1L << 33, "principal", 7, 0, 0, 0, 0, 7));
        Assert.True(Tables.TryWrite(page));
        Assert.Equal(["7", "1"], Ask("SELECT version FROM hq_member ORDER BY version DESC"));
        Assert.Equal(["90", "100"], Ask("SELECT total FROM hq_wallet ORDER BY total"));
        Assert.Equal(["7", "60", "60"], Ask("SELECT outstanding FROM hq_right_line ORDER BY outstanding"));
        Assert.Equal(["2"], Ask("SELECT count(*) FROM hq_lot"));
    }

    [Fact]
    public void An_op_that_was_parked_and_a_case_that_was_closed_are_replaced()
    {
        Tables.TryWrite(Page(0, 1, Ann));
        var page = new HqPage(1, 2);
        page.Ops.Add(Op(Ann) with { Classification = "anomaly" });
        page.Cases.Add(Case(Ann) with { ClosedAtMs = 99 });
        Tables.TryWrite(page);
        Assert.Equal(["anomaly"], Ask("SELECT classification FROM hq_op"));
        Assert.Equal(["99"], Ask("SELECT closed_at_ms FROM hq_case"));
    }

    [Fact]
    public void Numbers_and_absent_values_come_back_as_they_were_written()
    {
        var page = new HqPage(0, long.MaxValue);
        page.Members.Add(Member(Bob, long.MaxValue) with { AliasOf = Ann, LifetimeSpendMinor = long.MinValue, IsErased = true });
        page.Cases.Add(Case(Bob) with { Member = null, Store = null, Op = null });
        Assert.True(Tables.TryWrite(page));
        Assert.Equal([$"{long.MaxValue}"], Ask("SELECT version FROM hq_member WHERE erased AND registered"));
        Assert.Equal([$"{long.MinValue}"], Ask("SELECT lifetime_spend FROM hq_member WHERE alias_of IS NOT NULL"));
        Assert.Equal(["1"], Ask("SELECT count(*) FROM hq_case WHERE member IS NULL AND store IS NULL AND incarnation IS NULL AND sequence IS NULL"));
    }

    [Fact]
    public void Cleared_tables_are_empty_and_begin_at_the_first_record()
    {
        Tables.TryWrite(Page(0, 9, Ann));
        OpenAgain().Clear();
        Assert.Equal(0, Tables.ReadPosition());
        Assert.Equal(["0", "0", "0", "0", "0", "0", "0"], Count());
        Assert.False(Tables.TryWrite(Page(9, 10, Ann)));
        Assert.True(Tables.TryWrite(Page(0, 1, Ann)));
    }

    private string[] Count() => [.. HqSchema.Names.SelectMany(table => Ask($"SELECT count(*) FROM {table}"))];

    private static HqPage Page(long from, long to, params StreamId[] members)
    {
        var page = new HqPage(from, to);
        foreach (var member in members)
        {
            page.Members.Add(Member(member, 1));
            page.Wallets.Add(new HqWallet(member, "principal", "CNY", 100, 40, 60));
            page.Lots.Add(new HqLot(member, 3, 1, 20_000, 10, 10, 0));
            page.RightLines.Add(new HqRightLine(member, 3, 1L << 33, "principal", 60, 0, 0, 0, 0, 60));
            page.Ops.Add(Op(member));
            page.Postings.Add(new HqPosting(member, 1, "wallet/principal", "CNY", -100));
            page.Cases.Add(Case(member));
        }

        return page;
    }

    private static HqMember Member(StreamId member, long version) => new(member, version, true, false, null, true, false, 12, 0, 2, 1_750_000_000_000);

    private static HqOp Op(StreamId member) => new(new FactKey(new ProducerId(3, 1L << 33), (long)(member.Value & 7)), member, 1, 1, "sale", "parked", 5, 6, 7, -7, 0);

    private static HqCase Case(StreamId member) => new($"case-{member.Value}", "parked_op", 5, null, member, 3, new FactKey(new ProducerId(3, 1L << 33), 1), 0, "", "");
}
