namespace SyncHub.Storage.Tests;

/// <summary>What every journal must do; each implementation runs all of it.</summary>
/// <remarks>The parts of the class are by what they are about: commits here, then streams, facts and cursors, documents, balances.</remarks>
public abstract partial class JournalConformance : IAsyncLifetime
{
    private IJournal? _journal;

    /// <summary>The journal under test.</summary>
    protected IJournal Journal => _journal!;

    /// <summary>Opens an empty journal.</summary>
    protected abstract IJournal Open();

    /// <summary>Closes the journal and opens what it left.</summary>
    protected abstract Task<IJournal> ReopenAsync();

    /// <summary>Runs <paramref name="submit"/> so that the batches that it hands over wait for each other, most of them for one commit.</summary>
    protected abstract Task<T> TogetherAsync<T>(Func<T> submit);

    public Task InitializeAsync()
    {
        _journal = Open();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await Journal.DisposeAsync();

    [Fact]
    public async Task A_new_journal_is_empty()
    {
        Assert.Equal(0, Journal.LastPosition);
        Assert.Equal(0, await Journal.CommitAsync(new JournalBatch()));
        Assert.Empty(Journal.ReadChanges(0, 10));
        Assert.Equal(0, Journal.ReadStream(Make.Stream(1)).SnapshotVersion);
        Assert.Null(Journal.ReadStream(Make.Stream(1)).Snapshot);
        Assert.Empty(Journal.ReadStream(Make.Stream(1)).Tail);
        Assert.Null(Journal.ReadCursor("archived", Make.Producer));
        Assert.Null(Journal.ReadDocument("members", Make.Bytes("a")));
        Assert.Empty(Journal.ReadBalances());
    }

    [Fact]
    public async Task Positions_follow_the_order_of_submission()
    {
        var commits = await TogetherAsync(() => Enumerable.Range(1, 40).Select(n => Journal.CommitAsync(Make.Records(Make.Record(1, n)))).ToArray());
        var positions = await Task.WhenAll(commits);

        Assert.Equal(positions.Order(), positions);
        Assert.Equal(40, Journal.LastPosition);
        Assert.Equal(Enumerable.Range(1, 40).Select(n => (long)n), Journal.ReadRecords(Make.Stream(1), 1, 100).Select(record => record.Position));
        Assert.Equal(Enumerable.Range(1, 40).Select(n => (long)n), Journal.ReadRecords(Make.Stream(1), 1, 100).Select(record => record.Version));
    }

    [Fact]
    public async Task Commits_complete_in_the_order_of_submission()
    {
        var commits = Enumerable.Range(1, 200).Select(n => Journal.CommitAsync(Make.Records(Make.Record(1, n)))).ToArray();
        for (var n = 0; n < commits.Length; n++)
        {
            await commits[n];
            Assert.All(commits[..n], earlier => Assert.True(earlier.IsCompletedSuccessfully));
        }
    }

    [Fact]
    public async Task A_commit_reports_a_position_that_covers_its_records()
    {
        Assert.Equal(2, await Journal.CommitAsync(Make.Records(Make.Record(1, 1), Make.Record(2, 1))));
        Assert.Equal(3, await Journal.CommitAsync(Make.Records(Make.Record(1, 2))));
        Assert.Equal(3, await Journal.CommitAsync(Make.Documents(Make.Put("a", "1"))));
        Assert.Equal(3, Journal.LastPosition);
    }

    [Fact]
    public async Task A_batch_with_a_conflict_leaves_nothing()
    {
        await Journal.CommitAsync(Make.Records(Make.Record(1, 1)));
        var batch = new JournalBatch
        {
            Records = { Make.Record(2, 1), Make.Record(1, 1) },
            Facts = { Make.Fact(1) },
            Snapshots = { new NewSnapshot(Make.Stream(2), 1, Make.Bytes("state")) },
            Cursors = { Make.Cursor(5) },
            Documents = { Make.Put("a", "1") },
            Balances = { new(1, "cash", "EUR", 5), new(1, "wallets", "EUR", -5) },
        };

        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(batch));

        Assert.Empty(Journal.ReadStream(Make.Stream(2)).Tail);
        Assert.Null(Journal.ReadStream(Make.Stream(2)).Snapshot);
        Assert.Empty(Journal.ReadFacts(Make.Producer, 0, 10, 1000));
        Assert.Null(Journal.ReadCursor("archived", Make.Producer));
        Assert.Equal(0, Journal.CountDocuments("members"));
        Assert.Empty(Journal.ReadBalances());
        Assert.Equal(1, Journal.LastPosition);
    }

    [Fact]
    public async Task A_conflict_fails_only_its_own_batch()
    {
        var commits = await TogetherAsync(() => new[]
        {
            Journal.CommitAsync(Make.Records(Make.Record(1, 1))),
            Journal.CommitAsync(Make.Records(Make.Record(2, 1), Make.Record(1, 1))),
            Journal.CommitAsync(Make.Records(Make.Record(1, 2))),
        });

        await commits[0];
        await Assert.ThrowsAsync<JournalConflictException>(() => commits[1]);
        await commits[2];
        Assert.Equal(2, Journal.LastPosition);
        Assert.Equal(2, Journal.ReadStream(Make.Stream(1)).Tail.Count);
        Assert.Empty(Journal.ReadStream(Make.Stream(2)).Tail);
    }

    [Fact]
    public async Task What_builds_on_a_batch_that_failed_fails_too_and_nothing_else_does()
    {
        var chain = new BatchChain();
        var commits = await TogetherAsync(() => new[]
        {
            Journal.CommitAsync(Make.Chained(chain, Make.Record(1, 1))),
            Journal.CommitAsync(Make.Chained(chain, Make.Record(2, 1), Make.Record(1, 1))),
            Journal.CommitAsync(Make.Chained(chain, Make.Record(3, 1))),
            Journal.CommitAsync(Make.Chained(new BatchChain(), Make.Record(4, 1))),
        });

        await commits[0];
        await Assert.ThrowsAsync<JournalConflictException>(() => commits[1]);
        Assert.Equal(JournalFault.Closed, (await Assert.ThrowsAsync<JournalUnavailableException>(() => commits[2])).Fault);
        await commits[3];
        await Assert.ThrowsAsync<JournalUnavailableException>(() => Journal.CommitAsync(Make.Chained(chain, Make.Record(5, 1))));
        Assert.Equal([1, 0, 0, 1, 0], Enumerable.Range(1, 5).Select(stream => Journal.ReadStream(Make.Stream(stream)).Tail.Count));
    }

    [Fact]
    public async Task Positions_of_a_failed_batch_are_given_to_the_next_one()
    {
        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(Make.Records(Make.Record(1, 1), Make.Record(1, 1))));
        Assert.Equal(1, await Journal.CommitAsync(Make.Records(Make.Record(1, 1))));
    }

    [Fact]
    public async Task An_empty_batch_completes_after_all_batches_before_it()
    {
        var commits = await TogetherAsync(() =>
        {
            var tasks = Enumerable.Range(1, 30).Select(n => Journal.CommitAsync(Make.Records(Make.Record(n, 1)))).ToList();
            tasks.Add(Journal.CommitAsync(new JournalBatch()));
            return tasks;
        });

        await commits[^1];
        Assert.All(commits, commit => Assert.True(commit.IsCompletedSuccessfully));
        Assert.Equal(30, await commits[^1]);
    }

    [Fact]
    public async Task An_empty_batch_succeeds_behind_a_failed_one()
    {
        var commits = await TogetherAsync(() => new[] { Journal.CommitAsync(Make.Records(Make.Record(1, 9))), Journal.CommitAsync(new JournalBatch()) });
        Assert.Equal(0, await commits[1]);
        await Assert.ThrowsAsync<JournalConflictException>(() => commits[0]);
    }

    [Fact]
    public async Task A_reader_never_sees_half_a_batch()
    {
        // Each batch gives both streams of a pair the same version; ReadChanges is one view and must show both or neither.
        var writer = Task.Run(async () =>
        {
            for (var version = 1; version <= 200; version++)
            {
                await Journal.CommitAsync(Make.Records(Make.Record(1, version), Make.Record(2, version)));
            }
        });
        while (!writer.IsCompleted)
        {
            var changes = Journal.ReadChanges(0, 10);
            Assert.True(changes.Count is 0 or 2, $"expected both streams or none, got {string.Join(", ", changes)}");
            Assert.Equal(changes.Count == 0 ? 0 : 1, changes.Count == 0 ? 0 : changes[1].Position - changes[0].Position);
        }
        await writer;
    }

    [Fact]
    public async Task A_read_after_a_commit_sees_it()
    {
        for (var version = 1; version <= 50; version++)
        {
            await Journal.CommitAsync(Make.Records(Make.Record(1, version)));
            Assert.Equal(version, Journal.ReadStream(Make.Stream(1)).Tail.Count);
        }
    }

    [Fact]
    public async Task Many_threads_may_commit_and_read_at_once()
    {
        await Task.WhenAll(Enumerable.Range(1, 8).Select(stream => Task.Run(async () =>
        {
            for (var version = 1; version <= 40; version++)
            {
                await Journal.CommitAsync(Make.Records(Make.Record(stream, version)));
                Assert.Equal(version, Journal.ReadStream(Make.Stream(stream)).Tail[^1].Version);
            }
        })));
        Assert.Equal(320, Journal.LastPosition);
        Assert.Equal(8, Journal.ReadChanges(0, 100).Count);
    }

    [Fact]
    public async Task A_commit_says_where_its_own_newest_record_is_whoever_shares_it()
    {
        var commits = new List<Task<long>>();
        for (var stream = 1; stream <= 60; stream++)
        {
            commits.Add(Journal.CommitAsync(Make.Records([.. Enumerable.Range(1, 1 + (stream % 3)).Select(version => Make.Record(stream, version))])));
            if (stream % 20 == 0)
            {
                var refused = Journal.CommitAsync(Make.Records(Make.Record(stream, 9)));
                var none = Journal.CommitAsync(new JournalBatch());
                await Assert.ThrowsAsync<JournalConflictException>(() => refused);
                Assert.Equal(await commits[^1], await none);
            }
        }

        var newest = Journal.ReadChanges(0, 100).ToDictionary(change => change.Stream, change => change.Position);
        for (var stream = 1; stream <= 60; stream++)
        {
            Assert.Equal(newest[Make.Stream(stream)], await commits[stream - 1]);
        }
    }

    [Fact]
    public async Task Everything_committed_is_there_after_reopening_and_nothing_of_what_failed()
    {
        await Journal.CommitAsync(new JournalBatch
        {
            Facts = { Make.Fact(1, "one") },
            Records = { Make.Record(1, 1, "first", new FactKey(Make.Producer, 1)) },
            Snapshots = { new NewSnapshot(Make.Stream(1), 1, Make.Bytes("state")) },
            Cursors = { Make.Cursor(1) },
            Documents = { Make.Put("a", "1") },
            Balances = { new(1, "cash", "EUR", 5), new(1, "wallets", "EUR", -5) },
        });
        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(Make.Records(Make.Record(1, 2), Make.Record(1, 9))));

        _journal = await ReopenAsync();

        Assert.Equal(1, Journal.LastPosition);
        Assert.Equal("state", Make.Text(Journal.ReadStream(Make.Stream(1)).Snapshot));
        var record = Assert.Single(Journal.ReadRecords(Make.Stream(1), 1, 10));
        Assert.Equal("one", Make.Text(record.FactBytes));
        Assert.Equal(1, Journal.ReadCursor("archived", Make.Producer)?.Sequence);
        Assert.Equal("1", Make.Text(Journal.ReadDocument("members", "a"u8)));
        Assert.Equal([new StoredBalance("cash", "EUR", 5), new StoredBalance("wallets", "EUR", -5)], Journal.ReadBalances());
        Assert.Equal(2, await Journal.CommitAsync(Make.Records(Make.Record(1, 2))));
    }

    [Fact]
    public async Task A_closed_journal_refuses_commits_and_reads()
    {
        await Journal.DisposeAsync();
        var commit = await Assert.ThrowsAsync<JournalUnavailableException>(() => Journal.CommitAsync(Make.Records(Make.Record(1, 1))));
        Assert.Equal(JournalFault.Closed, commit.Fault);
        var read = Assert.Throws<JournalUnavailableException>(() => Journal.ReadStream(Make.Stream(1)));
        Assert.Equal(JournalFault.Closed, read.Fault);
    }

    [Fact]
    public async Task Closing_commits_what_was_handed_over()
    {
        var commits = Enumerable.Range(1, 20).Select(n => Journal.CommitAsync(Make.Records(Make.Record(1, n)))).ToArray();
        _journal = await ReopenAsync();
        await Task.WhenAll(commits);
        Assert.Equal(20, Journal.LastPosition);
    }
}
