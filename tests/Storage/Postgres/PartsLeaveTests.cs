using Npgsql;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Postgres.Audit;
using SyncHub.Storage.Retention;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>Old parts leave the database for files, and nobody who asks the journal sees a difference.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PartsLeaveTests(PostgresInstance instance) : IDisposable
{
    private const int Size = 10;

    private readonly string _schema = "leave_" + Guid.NewGuid().ToString("N")[..12];
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_answer_is_the_same_before_and_after_and_across_a_start()
    {
        string before;
        await using (var journal = await FilledAsync())
        {
            before = Everything(journal);
            var left = await MoveAllAsync(journal);
            Assert.Equal([(0, 1L, 10L), (1, 11L, 20L), (2, 21L, 30L)], left.Select(part => (part.Number, part.First, part.Last)));
            Assert.Equal(before, Everything(journal));
        }
        Assert.Equal(Convert.ToInt64(instance.Ask($"SELECT position FROM {_schema}.feed")) - 30, instance.Ask($"SELECT count(*) FROM {_schema}.record"));
        Assert.Equal(true, instance.Ask($"SELECT to_regclass('{_schema}.fact_2') IS NULL"));
        await using var again = await OpenAsync();
        Assert.Equal(before, Everything(again));
    }

    [Fact]
    public async Task What_has_left_cannot_be_written_again()
    {
        await using var journal = await FilledAsync();
        await MoveAllAsync(journal);
        // Stream 9 has all its records in what has left, and so have facts 1 to 5.
        Assert.Equal(2, journal.ReadStream(Make.Stream(9)).Tail.Count);
        await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(Make.Records(Make.Record(9, 1))));
        await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(Make.Records(Make.Record(9, 2))));
        await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(Make.Records(Make.Record(9, 4))));
        await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(new JournalBatch { Snapshots = { new NewSnapshot(Make.Stream(9), 3, Make.Bytes("ahead")) } }));
        foreach (var fact in new long[] { 1, 5, 30 })
        {
            await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(fact) } }));
        }
        await journal.CommitAsync(Make.Records(Make.Record(9, 3)));
        await journal.CommitAsync(new JournalBatch { Snapshots = { new NewSnapshot(Make.Stream(9), 2, Make.Bytes("snapshot")) } });
        Assert.Equal(["3:payload"], journal.ReadStream(Make.Stream(9)).Tail.Texts());
        Assert.Equal(["1:payload", "2:payload", "3:payload"], journal.ReadRecords(Make.Stream(9), 1, 10).Texts());
    }

    [Fact]
    public async Task A_part_leaves_only_when_it_has_been_full_for_long_enough()
    {
        await using var journal = await FilledAsync();
        Assert.Null(await journal.MoveOldestPartAsync(TimeSpan.FromDays(1), default));
        Assert.NotNull(await journal.MoveOldestPartAsync(TimeSpan.Zero, default));
    }

    [Fact]
    public async Task Commits_go_on_while_parts_leave()
    {
        await using var journal = await FilledAsync();
        var isDone = false;
        var load = Task.Run(async () =>
        {
            for (var version = 1L; !Volatile.Read(ref isDone); version++)
            {
                await journal.CommitAsync(Make.Records(Make.Record(77, version)));
            }
        });
        await MoveAllAsync(journal);
        Volatile.Write(ref isDone, true);
        await load;
        Assert.Equal(journal.LastPosition, journal.ReadFeed(0, int.MaxValue).Count);
    }

    [Fact]
    public async Task A_writer_that_was_replaced_moves_nothing()
    {
        await using var journal = await FilledAsync();
        instance.Ask($"UPDATE {_schema}.writer SET session = gen_random_uuid() RETURNING 1");
        var fault = await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.MoveOldestPartAsync(TimeSpan.Zero, default));
        Assert.Contains("another process writes as hub now", fault.Message, StringComparison.Ordinal);
        Assert.Equal(0L, instance.Ask($"SELECT count(*) FROM {_schema}.journal_part WHERE left_at IS NOT NULL"));
        Assert.Equal(1L, instance.Ask($"SELECT min(position) FROM {_schema}.record"));
    }

    [Fact]
    public async Task What_an_attempt_left_behind_that_was_cut_off_is_written_anew()
    {
        await using var journal = await FilledAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder.Folder, "part-000000.db"), "half a file");
        await File.WriteAllTextAsync(Path.Combine(_folder.Folder, "part-000000.db.draft"), "and a draft");
        var before = Everything(journal);
        await MoveAllAsync(journal);
        Assert.Equal(before, Everything(journal));
        Assert.Equal(["part-000000.db", "part-000001.db", "part-000002.db"], Directory.GetFiles(_folder.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_part_whose_leaving_was_cut_short_leaves_at_the_next_attempt()
    {
        await using var journal = await FilledAsync();
        var before = Everything(journal);
        using (var audit = JournalDatabaseReader.OpenWithParts(instance.ConnectionString, _schema, _folder.Folder))
        {
            using var stop = new CancellationTokenSource();
            var moving = journal.MoveOldestPartAsync(TimeSpan.Zero, stop.Token);
            while (!File.Exists(Path.Combine(_folder.Folder, "part-000000.db")))
            {
                await Task.Yield();
            }
            await stop.CancelAsync(); // the audit holds its view
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => moving);
            Assert.Equal(before, Everything(journal));
            Assert.Equal(38, audit.Records().Count());
        }
        Assert.Equal(3, (await MoveAllAsync(journal)).Count);
        Assert.Equal(before, Everything(journal));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_leaves_the_part_where_it_is()
    {
        await using var journal = await FilledAsync("/proc/nowhere");
        var fault = await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.MoveOldestPartAsync(TimeSpan.Zero, default));
        Assert.Contains("the journal still has the part", fault.Message, StringComparison.Ordinal);
        Assert.Equal(journal.LastPosition, journal.ReadFeed(0, int.MaxValue).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_journal_without_its_parts_does_not_open_and_says_which_file_it_wants(bool isAnother)
    {
        await using (var journal = await FilledAsync())
        {
            await MoveAllAsync(journal);
        }
        var file = Path.Combine(_folder.Folder, "part-000001.db");
        File.Delete(file);
        if (isAnother)
        {
            File.Copy(Path.Combine(_folder.Folder, "part-000000.db"), file);
        }
        var fault = await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync());
        Assert.Contains("part-000001.db", fault.Message, StringComparison.Ordinal);
        Assert.Contains("from a backup of", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_reads_parts_as_the_rest_and_sees_one_that_was_changed()
    {
        await using (var journal = await FilledAsync())
        {
            await MoveAllAsync(journal);
        }
        using (var rows = JournalDatabaseReader.OpenWithParts(instance.ConnectionString, _schema, _folder.Folder))
        {
            Assert.Equal(["ok"], rows.IntegrityCheck());
            Assert.Equal(Enumerable.Range(1, 38).Select(n => (long)n), rows.Records().Select(record => record.Position));
            Assert.Equal(Enumerable.Range(1, 30).Select(n => (long)n), rows.Facts().Select(fact => fact.Sequence));
        }
        Assert.Contains("--parts", Assert.Throws<JournalUnavailableException>(() => JournalDatabaseReader.Open(instance.ConnectionString, _schema)).Message, StringComparison.Ordinal);

        using (var file = File.OpenWrite(Path.Combine(_folder.Folder, "part-000000.db")))
        {
            file.Position = file.Length - 1;
            file.WriteByte(7);
        }
        using var changed = JournalDatabaseReader.OpenWithParts(instance.ConnectionString, _schema, _folder.Folder);
        Assert.Contains("part-000000.db", Assert.Single(changed.IntegrityCheck()), StringComparison.Ordinal);
    }

    private static async Task<List<JournalPart>> MoveAllAsync(PostgresJournal journal)
    {
        var moved = new List<JournalPart>();
        while (moved.Count < 3 && await journal.MoveOldestPartAsync(TimeSpan.Zero, default) is { } part)
        {
            moved.Add(part);
        }
        return moved;
    }

    // 38 records of 30 facts: streams that end early, one in every part, one with a snapshot; a fact that came ahead of others, and one that was parked long before its record.
    private async Task<PostgresJournal> FilledAsync(string? folder = null)
    {
        var journal = await OpenAsync(folder);
        var versions = new Dictionary<int, long>();
        await journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(30, "parked") } });
        for (var n = 1; n <= 38; n++)
        {
            var stream = n is 4 or 7 ? 9 : n % 3 == 0 ? 1 : 100 + (n / 4);
            var version = versions[stream] = versions.GetValueOrDefault(stream) + 1;
            var sequence = n switch { 2 => 3, 3 => 2, _ => n };
            var batch = new JournalBatch();
            FactKey? key = null;
            if (sequence < 30)
            {
                batch.Facts.Add(Make.Fact(sequence, $"fact {sequence}"));
                key = new FactKey(Make.Producer, sequence);
            }
            else if (n == 38)
            {
                key = new FactKey(Make.Producer, 30);
            }
            batch.Records.Add(Make.Record(stream, version, $"payload{(stream == 9 ? "" : $" {n}")}", key));
            if (n == 12)
            {
                batch.Snapshots.Add(new NewSnapshot(Make.Stream(1), version, Make.Bytes("snapshot")));
            }
            await journal.CommitAsync(batch);
        }
        return journal;
    }

    private static string Everything(PostgresJournal journal)
    {
        var lines = new List<string>();
        foreach (var stream in Enumerable.Range(100, 12).Append(1).Append(9).Append(77).Select(Make.Stream))
        {
            var found = journal.ReadStream(stream);
            lines.Add($"stream {stream.Value} {found.SnapshotVersion} {Make.Text(found.Snapshot)}: {Text(found.Tail)}");
            foreach (var (from, limit) in new[] { (1L, 100), (2, 1), (2, 2), (5, 3), (9, 100) })
            {
                lines.Add($"records {from} {limit}: {Text(journal.ReadRecords(stream, from, limit))}");
            }
        }
        for (var from = 0L; from <= 39; from += 3)
        {
            foreach (var limit in new[] { 0, 1, 4, 100 })
            {
                lines.Add($"feed {from} {limit}: {Text(journal.ReadFeed(from, limit))}");
                lines.Add($"changes {from} {limit}: {string.Join(", ", journal.ReadChanges(from, limit).Select(change => $"{change.Stream.Value}@{change.Position}"))}");
                lines.Add($"newest {limit}: {Text(journal.ReadNewestFacts(Make.Producer, limit))}");
            }
            foreach (var bytes in new[] { 1, 20, 1000 })
            {
                // Pages may end elsewhere; what they bring together may not.
                var facts = new List<StoredFact>();
                for (var page = journal.ReadFacts(Make.Producer, from, 7, bytes); page.Count > 0; page = journal.ReadFacts(Make.Producer, page[^1].Sequence + 1, 7, bytes))
                {
                    facts.AddRange(page);
                }
                lines.Add($"facts {from}: {Text(facts)}");
            }
        }
        return string.Join('\n', lines);
    }

    private static string Text(IEnumerable<StoredRecord> records) =>
        string.Join(", ", records.Select(record => $"{record.Position} {record.Partition} {record.Stream.Value} {record.Version} {Make.Text(record.Payload)} {record.Fact?.Sequence} {Make.Text(record.FactBytes)}"));

    private static string Text(IEnumerable<StoredFact> facts) => string.Join(", ", facts.Select(fact => $"{fact.Sequence} {fact.Hash[0]} {Make.Text(fact.Bytes)}"));

    private Task<PostgresJournal> OpenAsync(string? folder = null) =>
        PostgresJournal.OpenAsync(instance.ConnectionString, new PostgresJournalOptions { Schema = _schema, PartRecords = Size, PartsFolder = folder ?? _folder.Folder });
}
