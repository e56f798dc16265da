using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Stores;
using SyncHub.Storage;
using SyncHub.Testing;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>Group commit across grains: what gathers, what waits for nobody, and in which order effects leave.</summary>
public sealed class CommitPipelineTests
{
    private readonly HeldJournal _journal = new();
    private readonly List<string> _left = [];
    private readonly List<string> _leftWithMarks = [];
    private readonly CommitPipeline _pipeline;

    public CommitPipelineTests() => _pipeline = new CommitPipeline(_journal, StoreRegistry.Load(_journal, TimeProvider.System), NullLogger<CommitPipeline>.Instance) { Released = () => _leftWithMarks.Add("|") };

    [Fact]
    public void A_decision_alone_is_committed_at_once()
    {
        Submit("a");
        Assert.Equal([["a"]], _journal.Held);
    }

    [Fact]
    public void What_is_decided_while_two_commits_are_under_way_goes_as_one()
    {
        foreach (var name in (string[])["a", "b", "c", "d", "e"])
        {
            Submit(name);
        }

        Assert.Equal([["a"], ["b"]], _journal.Held);
        _journal.Finish();
        Assert.True(_pipeline.ReleaseNext());
        Assert.Equal([["b"], ["c", "d", "e"]], _journal.Held);
    }

    [Fact]
    public void Effects_leave_in_the_order_of_the_decisions_and_never_before_their_commit()
    {
        foreach (var name in (string[])["a", "b", "c", "d"])
        {
            Submit(name);
        }

        Assert.False(_pipeline.ReleaseNext());
        Assert.Empty(_left);
        _journal.Finish();
        Assert.True(_pipeline.ReleaseNext());
        Assert.Equal(["a"], _left);
        Assert.False(_pipeline.ReleaseNext());
        _journal.Finish();
        _journal.Finish();
        while (_pipeline.ReleaseNext())
        {
        }

        Assert.Equal(["a", "b", "c", "d"], _left);
    }

    [Fact]
    public void The_exposure_of_all_that_gathered_is_written_once()
    {
        for (var i = 0; i < 5; i++)
        {
            Submit("x", new Dictionary<StoreId, Exposure> { [new StoreId(7)] = new(100, 0, 0) });
        }

        _journal.Finish();
        _pipeline.ReleaseNext();
        var written = Assert.Single(_journal.Newest.Documents, write => write.Collection == "exposure");
        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 244], written.Value!); // 5 x 100
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 200], written.Expected!.Value.ToArray());
    }

    [Fact]
    public void Balances_of_many_partitions_are_summed_by_account_in_the_lowest_of_them()
    {
        Submit("a");
        Submit("b");
        foreach (var partition in (int[])[9, 4, 7])
        {
            var batch = new JournalBatch();
            batch.Balances.Add(new BalanceChange(partition, "wallet", "EUR", -5));
            batch.Balances.Add(new BalanceChange(partition, "sales", "EUR", 5));
            _pipeline.Submit(batch, null, static () => { });
        }

        _journal.Finish();
        _pipeline.ReleaseNext();
        Assert.Equal([new BalanceChange(4, "wallet", "EUR", -15), new BalanceChange(4, "sales", "EUR", 15)], _journal.Newest.Balances);
    }

    [Fact]
    public async Task A_pipeline_that_is_completed_still_commits_what_had_gathered()
    {
        foreach (var name in (string[])["a", "b", "c", "d"])
        {
            Submit(name);
        }

        _pipeline.Complete();
        var running = _pipeline.RunAsync();
        while (!running.IsCompleted)
        {
            _journal.Finish();
            await Task.Yield();
        }

        await running;
        Assert.Equal(["a", "b", "c", "d"], _left);
    }

    [Fact]
    public void After_a_commit_that_failed_nothing_more_is_committed_and_nothing_leaves()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            Submit(name);
        }

        _journal.Fail();
        Assert.False(_pipeline.ReleaseNext());
        Submit("d");
        Assert.Equal([["b"]], _journal.Held);
        Assert.Empty(_left);
        Assert.True(_pipeline.Failed.IsCompleted);
    }

    [Fact]
    public void A_decision_that_finds_the_pipeline_idle_is_committed_and_released_by_the_thread_that_brings_it()
    {
        Submit("a", mayBeHere: true);
        Assert.Equal(["a"], _journal.Here);
        Assert.Equal(["a"], _left);
        Submit("b", mayBeHere: true);
        Assert.Equal(["a", "b"], _left);
    }

    [Fact]
    public async Task What_is_decided_while_a_thread_commits_gathers_behind_it_and_leaves_after_it()
    {
        _journal.DuringCommitHere = () =>
        {
            Submit("b");
            Submit("c", mayBeHere: true);
            Assert.Empty(_journal.Held); // the one under way is not overtaken
        };
        Submit("a", mayBeHere: true);
        Assert.Equal([["b", "c"]], _journal.Held);
        Assert.Empty(_left); // the disk first, then whoever waits
        _journal.Finish();
        _pipeline.Complete();
        await _pipeline.RunAsync();
        Assert.Equal(["a", "b", "c"], _left);
    }

    [Fact]
    public void What_is_decided_while_a_thread_releases_is_committed_and_leaves_after_it()
    {
        Submit("a", mayBeHere: true, then: () => Submit("b", mayBeHere: true));
        Assert.Equal(["a"], _left);
        Assert.Equal([["b"]], _journal.Held);
        _journal.Finish();
        Assert.True(_pipeline.ReleaseNext());
        Assert.Equal(["a", "b"], _left);
    }

    [Fact]
    public void A_decision_behind_a_commit_under_way_is_not_committed_by_its_thread()
    {
        Submit("a");
        Submit("b", mayBeHere: true);
        Assert.Empty(_journal.Here);
        Assert.Empty(_left);
        Assert.Equal([["a"], ["b"]], _journal.Held);
    }

    [Fact]
    public async Task Who_submits_while_another_one_puts_a_commit_together_waits_for_nobody()
    {
        _journal.DuringCommit = () =>
        {
            _journal.DuringCommit = null;
            Assert.True(Task.Run(() => Submit("b")).Wait(HubFixture.Patience));
        };
        await Task.Run(() => Submit("a"));
        Assert.Equal([["a"], ["b"]], _journal.Held);
    }

    [Fact]
    public void What_is_sent_once_for_a_commit_is_sent_after_all_that_it_released()
    {
        foreach (var name in (string[])["a", "b", "c", "d"])
        {
            Submit(name);
        }

        for (var commit = 0; commit < 3; commit++)
        {
            _journal.Finish();
            Assert.True(_pipeline.ReleaseNext());
        }

        Submit("e", mayBeHere: true);
        Assert.Equal(["a", "|", "b", "|", "c", "d", "|", "e", "|"], _leftWithMarks);
    }

    [Fact]
    public async Task After_a_commit_of_a_thread_that_failed_nothing_more_is_committed_and_the_pipeline_ends()
    {
        _journal.FailsHere = true;
        Submit("a", mayBeHere: true);
        await _pipeline.RunAsync();
        Submit("b", mayBeHere: true);
        Assert.Empty(_left);
        Assert.Empty(_journal.Held);
        Assert.True(_pipeline.Failed.IsCompleted);
    }

    private void Submit(string name, Dictionary<StoreId, Exposure>? exposure = null, bool mayBeHere = false, Action? then = null)
    {
        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite("test", [.. name.Select(letter => (byte)letter)], [1]));
        _pipeline.Submit(batch, exposure, () =>
        {
            _left.Add(name);
            _leftWithMarks.Add(name);
            then?.Invoke();
        }, mayBeHere: mayBeHere);
    }

    // Commits when it is told to.
    private sealed class HeldJournal : EmptyJournal, IJournal
    {
        private readonly Queue<(JournalBatch Batch, TaskCompletionSource<long> Done)> _held = new();

        public JournalBatch Newest { get; private set; } = new();

        public List<string[]> Held => [.. _held.Select(held => NamesOf(held.Batch))];

        public List<string> Here { get; } = [];

        public Action? DuringCommitHere { get; set; }

        public Action? DuringCommit { get; set; }

        public bool FailsHere { get; set; }

        public override long LastPosition => 0;

        public override Task<long> CommitAsync(JournalBatch batch)
        {
            var done = new TaskCompletionSource<long>();
            DuringCommit?.Invoke();
            _held.Enqueue((Newest = batch, done));
            return done.Task;
        }

        Task<long> IJournal.CommitHereAsync(JournalBatch batch)
        {
            if (FailsHere)
            {
                return Task.FromException<long>(new JournalUnavailableException(JournalFault.DiskFull, "The disk is full."));
            }

            Here.Add(NameOf(batch));
            DuringCommitHere?.Invoke();
            return Task.FromResult(0L);
        }

        public void Finish()
        {
            if (_held.TryDequeue(out var held))
            {
                held.Done.SetResult(0);
            }
        }

        private static string[] NamesOf(JournalBatch batch) => [.. batch.Documents.Where(write => write.Collection == "test").Select(write => new string([.. write.Key.Select(letter => (char)letter)]))];

        private static string NameOf(JournalBatch batch) => Assert.Single(NamesOf(batch));

        public void Fail() => _held.Dequeue().Done.SetException(new JournalUnavailableException(JournalFault.DiskFull, "The disk is full."));
    }
}
