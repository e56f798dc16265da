using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.Testing;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>Which members changed last: always what the journal says, and read from there once for all stores.</summary>
public sealed class RecentChangesTests
{
    private readonly CountedJournal _journal = new();
    private readonly Dictionary<StreamId, long> _versions = [];
    private readonly Later _later = [];

    [Theory]
    [InlineData(5, 1)]
    [InlineData(5, 2)]
    [InlineData(40, 3)]
    [InlineData(RecentChanges.UsualMost, 4)]
    public void What_it_says_is_what_the_journal_says_whatever_fits_and_whoever_writes(int most, int seed)
    {
        var dice = new Random(seed);
        Write(dice, 30);
        var changes = new RecentChanges(_journal, most);
        for (var turn = 0; turn < 600; turn++)
        {
            if (dice.Next(20) == 0)
            {
                changes = new RecentChanges(_journal, most); // the hub was started again
            }

            var records = Write(dice, 1 + dice.Next(4));
            if (dice.Next(50) > 0) // else another hub wrote it
            {
                changes.Note(records, _journal.LastPosition);
            }

            if (dice.Next(5) == 0)
            {
                changes.WhenLoaded(dice.Next((int)_journal.LastPosition), _later, static () => { });
            }

            if (dice.Next(3) == 0)
            {
                _journal.Meanwhile = dice.Next(2) == 0 ? null : () => changes.Note(Write(dice, 6), _journal.LastPosition);
                _later.RunAll();
                _journal.Meanwhile = null;
            }

            var from = dice.Next((int)_journal.LastPosition + 1);
            var through = changes.Through;
            Assert.Equal(_journal.Inner.ReadChanges(from, int.MaxValue).Where(change => change.Position <= through).Select(Told), Pages(changes, from).Where(change => change.Position <= through).Where(IsNewest).Select(Told));
        }
    }

    [Fact]
    public void A_hundred_stores_that_are_back_cost_one_walk_over_the_journal()
    {
        var dice = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            Write(dice, 50);
        }

        var changes = new RecentChanges(_journal);
        var back = 0;
        for (var store = 0; store < 100; store++)
        {
            changes.WhenLoaded(9_000 + store, _later, () => back++);
        }

        Assert.Equal(0, back);
        _later.RunAll();
        Assert.Equal((100, 1), (back, _journal.Walks));
        changes.WhenLoaded(8_000, _later, () => back++); // away a little longer than the others
        Assert.Equal(101, back);
        for (var store = 0; store < 100; store++)
        {
            Assert.Equal(_journal.Inner.ReadChanges(9_000 + store, 500), changes.Read(9_000 + store, 500));
        }

        Assert.Equal(1, _journal.Walks);
    }

    [Fact]
    public void Who_was_away_for_a_short_time_does_not_wait_for_who_was_away_for_long()
    {
        var batch = new JournalBatch();
        for (var version = 1; version <= 600_000; version++)
        {
            batch.Records.Add(new NewRecord(0, new StreamId(1), version, ReadOnlyMemory<byte>.Empty, null));
        }

        Assert.True(_journal.CommitAsync(batch).IsCompletedSuccessfully);
        var changes = new RecentChanges(_journal);
        var back = new List<string>();
        changes.WhenLoaded(0, _later, () => back.Add("new"));
        changes.WhenLoaded(599_000, _later, () => back.Add("a minute"));
        changes.WhenLoaded(590_000, _later, () => back.Add("an hour"));
        _later.RunAll();
        Assert.Equal(["a minute", "an hour", "new"], back);
        Assert.Equal(2, _journal.Walks);
    }

    [Fact]
    public void Nobody_waits_for_a_journal_that_cannot_be_read()
    {
        Write(new Random(1), 50);
        var changes = new RecentChanges(_journal);
        var back = 0;
        (_journal.IsBroken, _journal.Meanwhile) = (true, () => changes.WhenLoaded(5, _later, () => back++));
        changes.WhenLoaded(10, _later, () => back++);
        Assert.Throws<JournalUnavailableException>(_later.RunAll);
        Assert.Equal(2, back);
        (_journal.IsBroken, _journal.Meanwhile) = (false, null);
        changes.WhenLoaded(10, _later, () => back++);
        _later.RunAll();
        Assert.Equal(3, back);
    }

    private static (StreamId, long) Told(StreamChange change) => (change.Stream, change.Position);

    // What another hub wrote is known when the next record of this one is: until then a member may be told of once too often.
    private bool IsNewest(StreamChange change) => _journal.Inner.ReadRecords(change.Stream, _versions[change.Stream], 1)[0].Position == change.Position;

    private static IEnumerable<StreamChange> Pages(RecentChanges changes, long from)
    {
        for (var page = changes.Read(from, 7); page.Count > 0; page = changes.Read(from, 7))
        {
            foreach (var change in page)
            {
                yield return change;
            }

            from = page[^1].Position;
        }
    }

    private IReadOnlyList<NewRecord> Write(Random dice, int records)
    {
        var batch = new JournalBatch();
        for (var i = 0; i < records; i++)
        {
            var stream = new StreamId((UInt128)(uint)dice.Next(60));
            batch.Records.Add(new NewRecord(0, stream, _versions[stream] = _versions.GetValueOrDefault(stream) + 1, new byte[] { 1 }, null));
        }

        Assert.True(_journal.CommitAsync(batch).IsCompletedSuccessfully);
        return batch.Records;
    }

    private sealed class CountedJournal() : JournalAround(new SimulatedJournal(autoFlush: true))
    {
        private long _end = long.MaxValue;

        public bool IsBroken { get; set; }

        /// <summary>What happens while somebody reads.</summary>
        public Action? Meanwhile { get; set; }

        /// <summary>How often somebody began to read.</summary>
        public int Walks { get; private set; }

        public override IReadOnlyList<StreamChange> ReadChanges(long position, int limit)
        {
            Meanwhile?.Invoke();
            if (IsBroken)
            {
                throw new JournalUnavailableException(JournalFault.InputOutput, "The disk does not answer.");
            }

            var page = base.ReadChanges(position, limit);
            Walks += position == _end ? 0 : 1;
            _end = page.Count > 0 ? page[^1].Position : position;
            return page;
        }
    }
}
