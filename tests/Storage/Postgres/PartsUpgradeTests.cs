using Npgsql;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Schema;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>A journal of before there were parts is cut into them, and a program of before goes on writing as it did; what either wrote is there once.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PartsUpgradeTests(PostgresInstance instance)
{
    private readonly string _schema = "parts_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public async Task What_was_there_before_is_read_and_fenced_as_ever()
    {
        MakeOld();
        WriteAsBefore(1, 2, 5);
        await using var journal = await OpenAsync();
        Assert.Equal([1L, 2, 5], journal.ReadFacts(Make.Producer, 1, 10, 1000).Select(fact => fact.Sequence));
        Assert.Equal(["1:payload", "2:payload", "3:payload"], journal.ReadRecords(Make.Stream(1), 1, 10).Texts());
        Assert.All(journal.ReadRecords(Make.Stream(1), 1, 10), record => Assert.Equal("fact", Make.Text(record.FactBytes)));

        foreach (var taken in new long[] { 1, 2, 5 })
        {
            await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(taken) } }));
        }
        await journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(4) } });
        await journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(3) } });
        Assert.Equal([1L, 2, 3, 4, 5], journal.ReadFacts(Make.Producer, 1, 10, 1000).Select(fact => fact.Sequence));
    }

    [Fact]
    public async Task An_older_program_that_still_writes_after_the_move_finds_its_tables_and_the_same_fences()
    {
        MakeOld();
        WriteAsBefore(1);
        await (await OpenAsync()).DisposeAsync();
        WriteAsBefore(2, 3);
        Assert.Equal(PostgresErrorCodes.UniqueViolation, Assert.Throws<PostgresException>(() => WriteAsBefore(3)).SqlState);
        await using (var journal = await OpenAsync())
        {
            Assert.Equal([1L, 2, 3], journal.ReadFacts(Make.Producer, 1, 10, 1000).Select(fact => fact.Sequence));
            Assert.Equal([1L, 2, 3], journal.ReadRecords(Make.Stream(1), 1, 10).Select(record => record.Version));
            await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(3) } }));
            await journal.CommitAsync(Make.Records(Make.Record(1, 4), Make.Record(1, 5), Make.Record(1, 6)));
            await journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(4) }, Records = { Make.Record(1, 7, fact: new FactKey(Make.Producer, 4)) } });
        }
        Assert.Equal("SH002", Assert.Throws<PostgresException>(() => WriteAsBefore(5)).SqlState); // its part is full: it has no place any more
    }

    [Fact]
    public async Task Full_parts_are_summed_up_and_facts_ahead_of_a_gap_are_kept_one_by_one_until_it_is_filled()
    {
        await using var journal = await OpenAsync();
        await journal.CommitAsync(Filling(1, 1, 4));
        await journal.CommitAsync(Filling(2, 6, 3));
        await SummedAsync(journal, 2);
        Assert.Equal("1 6 3", Heads());
        foreach (var taken in new long[] { 1, 3, 4, 6 })
        {
            await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(Filling(3, taken)));
            await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(2), Make.Fact(taken) } }));
        }
        await journal.CommitAsync(Filling(3, 2, 7));
        await journal.CommitAsync(Filling(4, 5, 8));
        await SummedAsync(journal, 4);
        Assert.Equal("8 0 0", Heads());
        await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(new JournalBatch { Facts = { Make.Fact(5) } }));
    }

    // Two records fill a part, and their facts lie in it.
    private static JournalBatch Filling(int part, params long[] facts)
    {
        var batch = Make.Records([.. Enumerable.Range(0, 2).Select(n => Make.Record(1, (2 * part) - 1 + n, fact: n < facts.Length ? new FactKey(Make.Producer, facts[n]) : null))]);
        batch.Facts.AddRange(facts.Select(fact => Make.Fact(fact)));
        return batch;
    }

    // A commit that comes after a part was filled has it summed up beside it.
    private async Task SummedAsync(PostgresJournal journal, int parts)
    {
        while (instance.Ask($"SELECT count(*) FROM {_schema}.journal_part WHERE summed_at IS NOT NULL") is long summed && summed < parts)
        {
            await journal.CommitAsync(Make.Documents(Make.Put("k", "v")));
        }
    }

    [Fact]
    public async Task Facts_that_come_in_any_order_are_each_taken_once_in_whatever_part_they_lie()
    {
        await using var journal = await OpenAsync();
        var random = new Random(7);
        var waiting = Enumerable.Range(1, 40).Select(number => (long)number).ToArray();
        random.Shuffle(waiting);
        var taken = new List<long>();
        for (var version = 1; taken.Count < waiting.Length; version++)
        {
            var next = waiting.Skip(taken.Count).Take(random.Next(1, 6)).ToArray();
            if (taken.Count > 0)
            {
                var again = new JournalBatch { Facts = { Make.Fact(taken[random.Next(taken.Count)]) } };
                again.Facts.AddRange(next.Select(sequence => Make.Fact(sequence)));
                await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(again));
            }

            var batch = new JournalBatch { Records = { Make.Record(1, version) } };
            batch.Facts.AddRange(next.Select(sequence => Make.Fact(sequence)));
            await journal.CommitAsync(batch);
            taken.AddRange(next);
        }

        Assert.Equal(Enumerable.Range(1, 40).Select(number => (long)number), journal.ReadFacts(Make.Producer, 1, 100, int.MaxValue).Select(fact => fact.Sequence));
    }

    private void MakeOld()
    {
        using var database = new Database(instance.ConnectionString, new PostgresJournalOptions { Schema = _schema, Migrations = [.. Migration.Postgres.Take(2)] });
        using var connection = database.Open();
        PostgresMigrator.BringUpToDate(connection, database);
    }

    // The statements of the program of before, word by word.
    private void WriteAsBefore(params long[] sequences)
    {
        using var connection = new NpgsqlConnection(instance.ConnectionString + $";Pooling=False;Search Path={_schema}");
        connection.Open();
        using var transaction = connection.BeginTransaction();
        foreach (var sequence in sequences)
        {
            Run("UPDATE feed SET position = position + 1");
            Run($"INSERT INTO fact (store, incarnation, sequence, hash, bytes) VALUES (7, 1, {sequence}, decode(repeat('01', 32), 'hex'), 'fact')");
            Run($"""
                SELECT refuse('SH001', 'a version is not the next one') FROM unnest(ARRAY['{Make.Stream(1).ToUuid()}'::uuid], ARRAY[1 + coalesce((SELECT max(version) FROM record), 0)]) AS n (stream, first)
                WHERE n.first - 1 <> coalesce((SELECT r.version FROM record r WHERE r.stream = n.stream ORDER BY r.version DESC LIMIT 1), 0)
                """);
            Run($"""
                INSERT INTO record (position, partition, stream, version, payload, store, incarnation, sequence)
                SELECT position, 3, '{Make.Stream(1).ToUuid()}', 1 + coalesce((SELECT max(version) FROM record), 0), 'payload', 7, 1, {sequence} FROM feed
                """);
        }
        transaction.Commit();

        void Run(string sql)
        {
            using var command = new NpgsqlCommand(sql, connection, transaction);
            command.ExecuteNonQuery();
        }
    }

    private string? Heads() => instance.Ask($"SELECT upto || ' ' || ahead_to || ' ' || (SELECT count(*) FROM {_schema}.fact_ahead) FROM {_schema}.fact_head") as string;

    private Task<PostgresJournal> OpenAsync() =>
        PostgresJournal.OpenAsync(instance.ConnectionString, new PostgresJournalOptions { Schema = _schema, PartRecords = 2 });
}
