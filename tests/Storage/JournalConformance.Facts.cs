namespace SyncHub.Storage.Tests;

public abstract partial class JournalConformance
{
    [Fact]
    public async Task A_fact_is_stored_once()
    {
        await Journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(1, "first") } });
        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(1, "second") } }));
        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(2), Make.Fact(2) } }));
        var fact = Assert.Single(Journal.ReadFacts(Make.Producer, 0, 10, 1000));
        Assert.Equal("first", Make.Text(fact.Bytes));
        Assert.Equal(Make.Hash(1), fact.Hash);
    }

    [Fact]
    public async Task Facts_are_read_in_sequence_from_one_producer_and_gaps_are_allowed()
    {
        var other = new NewFact(new ProducerId(7, 2), 4, Make.Hash(4), Make.Bytes("other life"));
        await Journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(5), Make.Fact(2), other, Make.Fact(9) } });
        Assert.Equal([2, 5, 9], Journal.ReadFacts(Make.Producer, 0, 10, 1000).Select(fact => fact.Sequence));
        Assert.Equal([5, 9], Journal.ReadFacts(Make.Producer, 3, 10, 1000).Select(fact => fact.Sequence));
        Assert.Equal([9, 5], Journal.ReadNewestFacts(Make.Producer, 2).Select(fact => fact.Sequence));
        Assert.Empty(Journal.ReadFacts(new ProducerId(8, 1), 0, 10, 1000));
        Assert.Empty(Journal.ReadNewestFacts(new ProducerId(8, 1), 10));
    }

    [Fact]
    public async Task A_read_of_facts_stops_at_its_limits_but_gives_at_least_one()
    {
        await Journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(1, "12345"), Make.Fact(2, "12345"), Make.Fact(3, "12345") } });
        Assert.Equal(2, Journal.ReadFacts(Make.Producer, 1, 2, 1000).Count);
        Assert.Equal(2, Journal.ReadFacts(Make.Producer, 1, 10, 10).Count);
        Assert.Single(Journal.ReadFacts(Make.Producer, 1, 10, 9));
        Assert.Single(Journal.ReadFacts(Make.Producer, 1, 10, 0));
        Assert.Empty(Journal.ReadFacts(Make.Producer, 1, 0, 1000));
    }

    [Fact]
    public async Task A_cursor_moves_forward_and_never_back()
    {
        await Journal.CommitAsync(new JournalBatch { Cursors = { Make.Cursor(5, hash: 5) } });
        await Journal.CommitAsync(new JournalBatch { Cursors = { Make.Cursor(3, hash: 3) } });
        Assert.Equal(5, Journal.ReadCursor("archived", Make.Producer)?.Sequence);
        Assert.Equal(Make.Hash(5), Journal.ReadCursor("archived", Make.Producer)?.Hash);

        await Journal.CommitAsync(new JournalBatch { Cursors = { Make.Cursor(8, hash: 8), Make.Cursor(7, hash: 7) } });
        Assert.Equal(8, Journal.ReadCursor("archived", Make.Producer)?.Sequence);
        Assert.Null(Journal.ReadCursor("committed", Make.Producer));
        Assert.Null(Journal.ReadCursor("archived", new ProducerId(7, 2)));
    }

    [Fact]
    public async Task A_cursor_at_the_same_place_with_another_hash_is_a_conflict()
    {
        await Journal.CommitAsync(new JournalBatch { Cursors = { Make.Cursor(5, hash: 5) } });
        await Journal.CommitAsync(new JournalBatch { Cursors = { Make.Cursor(5, hash: 5) } });
        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(new JournalBatch { Cursors = { Make.Cursor(5, hash: 6) } }));
        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(new JournalBatch { Cursors = { Make.Cursor(9, hash: 1), Make.Cursor(9, hash: 2) } }));
        Assert.Equal(Make.Hash(5), Journal.ReadCursor("archived", Make.Producer)?.Hash);
    }

    [Fact]
    public void A_hash_that_is_not_32_bytes_is_a_mistake()
    {
        Assert.Throws<ArgumentException>(() => { _ = Journal.CommitAsync(new JournalBatch { Facts = { new NewFact(Make.Producer, 1, new byte[31], default) } }); });
        Assert.Throws<ArgumentException>(() => { _ = Journal.CommitAsync(new JournalBatch { Cursors = { new CursorMove("archived", Make.Producer, 1, default) } }); });
    }
}
