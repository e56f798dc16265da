namespace SyncHub.Storage.Tests;

public abstract partial class JournalConformance
{
    [Theory]
    [InlineData(1, "there already")]
    [InlineData(2, "there already")]
    [InlineData(4, "leaves a gap")]
    [InlineData(long.MaxValue, "leaves a gap")]
    public async Task A_version_that_is_not_the_next_one_is_a_conflict(long version, string why)
    {
        await Journal.CommitAsync(Make.Records(Make.Record(1, 1), Make.Record(1, 2)));
        var error = await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(Make.Records(Make.Record(1, version))));
        Assert.True(error.Message.Contains("its newest is 2", StringComparison.Ordinal), $"{why}: {error.Message}");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_version_below_one_is_a_mistake(long version) =>
        Assert.Throws<ArgumentException>(() => { _ = Journal.CommitAsync(Make.Records(Make.Record(1, version))); });

    [Fact]
    public async Task Two_batches_with_the_same_next_version_cannot_both_commit()
    {
        var commits = await TogetherAsync(() => new[] { Journal.CommitAsync(Make.Records(Make.Record(1, 1, "a"))), Journal.CommitAsync(Make.Records(Make.Record(1, 1, "b"))) });
        await commits[0];
        await Assert.ThrowsAsync<JournalConflictException>(() => commits[1]);
        Assert.Equal(["1:a"], Journal.ReadRecords(Make.Stream(1), 1, 10).Texts());
    }

    [Fact]
    public async Task A_record_comes_back_as_it_was_written()
    {
        var stream = new StreamId(UInt128.MaxValue - 5);
        var fact = new FactKey(new ProducerId(long.MaxValue, long.MinValue), long.MaxValue);
        await Journal.CommitAsync(new JournalBatch
        {
            Facts = { new NewFact(fact.Producer, fact.Sequence, Make.Hash(9), Make.Bytes("the op")) },
            Records = { new NewRecord(255, stream, 1, Make.Bytes("effect"), fact), new NewRecord(254, stream, 2, ReadOnlyMemory<byte>.Empty) },
        });

        var records = Journal.ReadRecords(stream, 1, 10);
        Assert.Equal((1, 255, stream, 1, fact), (records[0].Position, records[0].Partition, records[0].Stream, records[0].Version, records[0].Fact));
        Assert.Equal("effect", Make.Text(records[0].Payload));
        Assert.Equal("the op", Make.Text(records[0].FactBytes));
        Assert.Equal(254, records[1].Partition);
        Assert.Empty(records[1].Payload);
        Assert.Null(records[1].Fact);
        Assert.Null(records[1].FactBytes);
    }

    [Fact]
    public async Task The_feed_has_every_record_in_commit_order_a_page_at_a_time_with_the_facts_bytes()
    {
        var fact = new FactKey(Make.Producer, 1);
        await Journal.CommitAsync(Make.Records(Make.Record(2, 1), Make.Record(1, 1)));
        await Journal.CommitAsync(new JournalBatch { Facts = { new NewFact(fact.Producer, 1, Make.Hash(1), Make.Bytes("op")) }, Records = { Make.Record(2, 2, fact: fact) } });
        await Journal.CommitAsync(new JournalBatch { Snapshots = { new NewSnapshot(Make.Stream(2), 2, Make.Bytes("state")) } });

        var page = Journal.ReadFeed(0, 2);
        Assert.Equal([(1, Make.Stream(2), 1), (2, Make.Stream(1), 1)], page.Select(record => (record.Position, record.Stream, record.Version)));
        var last = Assert.Single(Journal.ReadFeed(2, 10));
        Assert.Equal((3, 2, "op"), (last.Position, last.Version, Make.Text(last.FactBytes)));
        Assert.Empty(Journal.ReadFeed(3, 10));
        Assert.Empty(Journal.ReadFeed(0, 0));
    }

    [Fact]
    public async Task A_record_about_a_fact_that_is_not_here_has_no_fact_bytes()
    {
        var fact = new FactKey(Make.Producer, 99);
        await Journal.CommitAsync(Make.Records(Make.Record(1, 1, fact: fact)));
        var record = Assert.Single(Journal.ReadStream(Make.Stream(1)).Tail);
        Assert.Equal(fact, record.Fact);
        Assert.Null(record.FactBytes);
    }

    [Fact]
    public async Task A_stream_is_its_latest_snapshot_and_the_tail_after_it()
    {
        await Journal.CommitAsync(Make.Records(Make.Record(1, 1), Make.Record(1, 2), Make.Record(2, 1)));
        await Journal.CommitAsync(new JournalBatch
        {
            Facts = { Make.Fact(1, "third op") },
            Records = { Make.Record(1, 3, "third", new FactKey(Make.Producer, 1)) },
            Snapshots = { new NewSnapshot(Make.Stream(1), 2, Make.Bytes("as of 2")) },
        });

        var stream = Journal.ReadStream(Make.Stream(1));
        Assert.Equal(2, stream.SnapshotVersion);
        Assert.Equal("as of 2", Make.Text(stream.Snapshot));
        var tail = Assert.Single(stream.Tail);
        Assert.Equal((3, "third op"), (tail.Version, System.Text.Encoding.UTF8.GetString(tail.FactBytes!)));
    }

    [Fact]
    public async Task A_newer_snapshot_replaces_an_older_one_and_never_the_other_way_round()
    {
        await Journal.CommitAsync(Make.Records(Make.Record(1, 1), Make.Record(1, 2)));
        await Journal.CommitAsync(new JournalBatch { Snapshots = { new NewSnapshot(Make.Stream(1), 2, Make.Bytes("newer")) } });
        await Journal.CommitAsync(new JournalBatch { Snapshots = { new NewSnapshot(Make.Stream(1), 1, Make.Bytes("older")) } });
        Assert.Equal("newer", Make.Text(Journal.ReadStream(Make.Stream(1)).Snapshot));
        Assert.Empty(Journal.ReadStream(Make.Stream(1)).Tail);
    }

    [Fact]
    public async Task A_snapshot_may_come_with_its_last_record_but_never_ahead_of_it()
    {
        await Journal.CommitAsync(new JournalBatch { Records = { Make.Record(1, 1) }, Snapshots = { new NewSnapshot(Make.Stream(1), 1, Make.Bytes("one")) } });
        await Assert.ThrowsAsync<JournalConflictException>(() =>
            Journal.CommitAsync(new JournalBatch { Snapshots = { new NewSnapshot(Make.Stream(1), 2, Make.Bytes("two")) } }));
        Assert.Equal(1, Journal.ReadStream(Make.Stream(1)).SnapshotVersion);
    }

    [Fact]
    public async Task Records_are_read_from_a_version_on_whatever_snapshots_there_are()
    {
        await Journal.CommitAsync(Make.Records(Make.Record(1, 1, "a"), Make.Record(1, 2, "b"), Make.Record(2, 1, "x"), Make.Record(1, 3, "c")));
        await Journal.CommitAsync(new JournalBatch { Snapshots = { new NewSnapshot(Make.Stream(1), 3, Make.Bytes("state")) } });

        Assert.Equal(["1:a", "2:b", "3:c"], Journal.ReadRecords(Make.Stream(1), 1, 10).Texts());
        Assert.Equal(["2:b"], Journal.ReadRecords(Make.Stream(1), 2, 1).Texts());
        Assert.Empty(Journal.ReadRecords(Make.Stream(1), 4, 10));
        Assert.Empty(Journal.ReadRecords(Make.Stream(1), 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Journal.ReadRecords(Make.Stream(1), 1, -1));
    }

    [Fact]
    public async Task Changes_are_the_streams_that_moved_in_order_of_their_newest_record()
    {
        await Journal.CommitAsync(Make.Records(
            Make.Record(1, 1), Make.Record(2, 1, partition: 5), Make.Record(3, 1), Make.Record(1, 2), Make.Record(3, 2), Make.Record(1, 3)));

        Assert.Equal([new StreamChange(Make.Stream(2), 5, 2), new StreamChange(Make.Stream(3), 3, 5), new StreamChange(Make.Stream(1), 3, 6)], Journal.ReadChanges(0, 10));
        Assert.Equal([Make.Stream(3), Make.Stream(1)], Journal.ReadChanges(2, 10).Select(change => change.Stream));
        Assert.Equal([Make.Stream(2)], Journal.ReadChanges(0, 1).Select(change => change.Stream));
        Assert.Empty(Journal.ReadChanges(6, 10));
    }
}
