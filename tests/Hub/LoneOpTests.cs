using System.Security.Cryptography;
using SyncHub.Core.Primitives;
using SyncHub.Storage;
using SyncHub.Testing;
using SyncHub.V1;
using Xunit;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>How ops reach the journal of a whole hub: one alone on the thread that brought it, many together in few commits.</summary>
public sealed class LoneOpTests
{
    private WatchedJournal? _watched;

    [Fact]
    public async Task An_op_that_comes_to_an_idle_hub_alone_is_committed_by_the_thread_that_brought_it()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { AroundJournal = Watch });
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        for (var i = 0; i < 20; i++)
        {
            await store.LogAsync(OpType.RegisterMember, NewMember());
        }

        Assert.Equal(20, _watched!.Commits.Sum(commit => commit.Facts));
        Assert.InRange(_watched.Commits.Count(commit => commit is { IsHere: true, Facts: 1 }), 1, 20); // one that comes while the answer to the one before is sent is not alone
    }

    [Fact]
    public async Task Many_ops_share_commits_each_commit_is_acknowledged_once_and_records_say_in_which_partition_their_member_lies()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { AroundJournal = Watch, Partitions = 64 });
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        MemberId[] members = [.. Enumerable.Range(0, 200).Select(_ => NewMember())];
        foreach (var member in members)
        {
            store.Append(OpType.RegisterMember, member);
        }

        _watched!.Hold();
        await store.SendOpsAsync();
        await _watched.UntilHeldAsync();
        _watched.LetGo();
        var acknowledged = new HashSet<long>(); // each place once: a beat says the last one again
        await store.ReadUntilAsync(frame =>
        {
            acknowledged.Add(frame.OpAck?.CommittedSequence ?? 0);
            return frame.OpAck?.CommittedSequence >= members.Length;
        }, "the last acknowledgement");

        var commits = _watched.Commits.Count(commit => commit.Facts > 0);
        Assert.InRange(commits, 1, 40);
        Assert.InRange(acknowledged.Count(sequence => sequence > 0), 1, commits);
        var changes = _watched.Inner.ReadChanges(0, 1000).ToDictionary(change => change.Stream, change => change.Partition);
        Assert.All(members, member => Assert.Equal(member.Slot(64), changes[new StreamId(member.Value)]));
    }

    private static MemberId NewMember() => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    private WatchedJournal Watch(IJournal inner) => _watched = new WatchedJournal(inner);

    // Notes what is committed, and on whose thread.
    private sealed class WatchedJournal(IJournal inner) : JournalAround(inner)
    {
        private readonly List<(bool IsHere, int Facts)> _commits = [];
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _gate;

        public IReadOnlyList<(bool IsHere, int Facts)> Commits
        {
            get
            {
                lock (_commits)
                {
                    return [.. _commits];
                }
            }
        }

        public void Hold() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void LetGo() => _gate!.SetResult();

        public Task UntilHeldAsync() => _held.Task.WaitAsync(HubFixture.Patience);

        public override Task<long> CommitAsync(JournalBatch batch) => CommitAsync(batch, isHere: false);

        public override Task<long> CommitHereAsync(JournalBatch batch) => CommitAsync(batch, isHere: true);

        private Task<long> CommitAsync(JournalBatch batch, bool isHere)
        {
            lock (_commits)
            {
                _commits.Add((isHere, batch.Facts.Count(fact => fact.Producer.Store > 0)));
            }

            if (_gate is not { Task.IsCompleted: false } gate)
            {
                return isHere ? base.CommitHereAsync(batch) : base.CommitAsync(batch);
            }

            _held.TrySetResult();
            return CommitLaterAsync(gate.Task, batch);
        }

        private async Task<long> CommitLaterAsync(Task gate, JournalBatch batch)
        {
            await gate;
            return await base.CommitAsync(batch);
        }
    }
}
