using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Members;
using SyncHub.Storage;
using SyncHub.Testing;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>What is written of work between two members, where two hubs are over one journal and nothing else is written with it that would tell the older one that it is no more the newest.</summary>
public sealed class MergeWorkTests : IDisposable
{
    private static readonly MemberId From = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private static readonly MemberId To = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    private readonly SimulatedJournal _journal = new(autoFlush: true);
    private readonly MergeWork _newer;
    private readonly MergeWork _older;

    public MergeWorkTests() => (_newer, _older) = (new MergeWork(_journal), new MergeWork(_journal));

    public void Dispose() => _journal.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Fact]
    public async Task A_hub_does_not_end_what_another_one_has_said_since()
    {
        await Commit(_older, Said(5));
        await Commit(_newer, Said(7));

        await Commit(_older, Answered(5));
        Assert.Equal(1, _journal.CountDocuments("underway"));

        await Commit(_newer, Answered(7));
        Assert.Equal(0, _journal.CountDocuments("underway"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hub_whose_change_comes_to_the_disk_behind_another_ones_is_refused(bool ends)
    {
        await Commit(_older, Said(5));
        var late = new JournalBatch();
        Assert.NotNull(_older.Write(late, ends ? Answered(5) : Said(6)));
        await Commit(_newer, Said(7));

        await Assert.ThrowsAsync<JournalConflictException>(() => _journal.CommitAsync(late));
        await Commit(_newer, Answered(6));
        Assert.Equal(1, _journal.CountDocuments("underway"));
    }

    [Fact]
    public async Task An_answer_to_what_was_said_before_leaves_what_was_said_since_and_a_second_one_changes_nothing()
    {
        var first = new JournalBatch();
        _newer.Write(first, Said(5));
        _newer.Write(first, Said(7)); // on its way to the disk
        _newer.Write(first, Answered(5));
        await _journal.CommitAsync(first);
        Assert.Equal(1, _journal.CountDocuments("underway"));

        await Commit(_newer, Answered(7));
        var second = new JournalBatch();
        Assert.Null(_newer.Write(second, Answered(7)));
        Assert.True(second.IsEmpty);
    }

    [Fact]
    public async Task What_a_hub_without_versions_wrote_is_ended_by_any_answer()
    {
        var old = new JournalBatch();
        old.Documents.Add(new DocumentWrite("underway", [(byte)UnderWayKind.Transfer, .. From.ToBytes(), .. To.ToBytes()], []));
        await _journal.CommitAsync(old);

        await Commit(_newer, Answered(3));

        Assert.Equal(0, _journal.CountDocuments("underway"));
    }

    private static UnderWay Said(long version) => new(UnderWayKind.Transfer, From, To, IsDone: false, version);

    private static UnderWay Answered(long version) => new(UnderWayKind.Transfer, From, To, IsDone: true, version);

    private async Task Commit(MergeWork hub, UnderWay change)
    {
        var batch = new JournalBatch();
        var written = hub.Write(batch, change);
        await _journal.CommitAsync(batch);
        if (written is { } work)
        {
            hub.Durable(work);
        }
    }
}
