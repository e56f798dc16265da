using SyncHub.Storage.Postgres;
using SyncHub.Storage.Sealing;
using Xunit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary><see cref="PostgresRewrite"/>: older keys are got rid of in a database too.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresRewriteTests(PostgresInstance instance) : IDisposable
{
    private const int Facts = 1_200; // more than two pages
    private const int Records = 12; // more than two parts
    private const int Values = Facts + Records + 4; // beside them one record, a snapshot and two documents
    private static readonly HashSet<string> Hidden = ["phone"];
    private readonly TempFolder _folder = new();
    private readonly string _schema = "rewrite_" + Guid.NewGuid().ToString("N")[..12];

    private string Keys => _folder.File("hub.keys");

    private string Parts => Directory.CreateDirectory(_folder.File("parts")).FullName;

    private PostgresJournalOptions Options => new() { Schema = _schema, TakeOverMs = 500, PartRecords = 5, PartsFolder = Parts };

    [Fact]
    public async Task Everything_is_read_with_the_newest_key_alone_and_reads_as_before()
    {
        await FillAsync();
        var ring = KeyRing.Open(Keys);
        ring.Rotate();
        await using (var between = await OpenAsync())
        {
            await between.CommitAsync(new JournalBatch { Documents = { new DocumentWrite("plain", Make.Bytes("new"), Make.Bytes("by key 2")) } });
        }

        var before = await ReadAsync();
        var hash = instance.Ask($"SELECT md5(string_agg(hash::text, ',' ORDER BY sequence)) FROM {_schema}.fact");
        Assert.Equal((Values, 0), await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys))); // not what has key 2, nor the mark
        Assert.Equal((0, 0), await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys)));
        KeyRing.Open(Keys).DropOlder();
        Assert.Equal(before, await ReadAsync());
        Assert.Equal(hash, instance.Ask($"SELECT md5(string_agg(hash::text, ',' ORDER BY sequence)) FROM {_schema}.fact"));
    }

    [Fact]
    public async Task Afterwards_the_tables_are_append_only_as_before_and_a_hub_goes_on()
    {
        await FillAsync();
        KeyRing.Open(Keys).Rotate();
        await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys));
        foreach (var table in new[] { "record", "fact" })
        {
            var refused = Assert.ThrowsAny<Exception>(() => instance.Ask($"DELETE FROM {_schema}.{table}"));
            Assert.Contains("append-only", refused.Message, StringComparison.Ordinal);
            Assert.Contains("append-only", Assert.ThrowsAny<Exception>(() => instance.Ask($"DELETE FROM {_schema}.{table}_0")).Message, StringComparison.Ordinal);
        }

        await using var journal = await OpenAsync();
        await journal.CommitAsync(new JournalBatch { Records = { Make.Record(1, 2, "next") } });
        Assert.Equal(2, journal.ReadRecords(Make.Stream(1), 1, 10).Count);
    }

    [Fact]
    public async Task Parts_that_have_left_for_files_are_told_so_that_their_keys_are_kept()
    {
        await FillAsync();
        instance.Ask($"INSERT INTO {_schema}.journal_part (number, first, last, file, sha256, left_at) SELECT -1, -10, 0, 'part', decode(repeat('00', 32), 'hex'), now()");
        Assert.Equal((0, 1), await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys)));
    }

    [Fact]
    public async Task Files_of_parts_that_have_left_are_sealed_anew_under_another_name_and_are_read_as_before()
    {
        var (before, older) = await FillAndMoveAsync();
        KeyRing.Open(Keys).Rotate();

        var (values, kept) = await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys), Parts);

        Assert.Equal((Values, 0L), (values, kept)); // what the files hold is among them
        Assert.Equal((0L, 0L), await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys), Parts));
        Assert.Equal(older.Select(name => name.Replace(".db", "-key2.db", StringComparison.Ordinal)), Names());
        KeyRing.Open(Keys).DropOlder();
        Assert.Equal(before, await ReadAsync());
        foreach (var part in Names())
        {
            var named = instance.Ask($"SELECT encode(sha256, 'hex') FROM {_schema}.journal_part WHERE file = '{part}'");
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Parts, part)))), named);
        }
    }

    [Fact]
    public async Task A_file_that_is_not_what_left_the_database_or_is_not_there_stops_it_and_the_older_keys_stay()
    {
        var (before, names) = await FillAndMoveAsync();
        KeyRing.Open(Keys).Rotate();
        var path = Path.Combine(Parts, names[0]);
        var bytes = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, [.. bytes[..^1], (byte)~bytes[^1]]);
        var changed = await Assert.ThrowsAsync<JournalUnavailableException>(() => PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys), Parts));
        Assert.Equal(JournalFault.Corrupt, changed.Fault);
        Assert.Contains(names[0], changed.Message, StringComparison.Ordinal);
        File.Delete(path);
        var missing = await Assert.ThrowsAsync<JournalUnavailableException>(() => PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys), Parts));
        Assert.Contains("--parts", missing.Message, StringComparison.Ordinal);
        Assert.Equal(names[1..], Names());

        await File.WriteAllBytesAsync(path, bytes);
        await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys), Parts);
        KeyRing.Open(Keys).DropOlder();
        Assert.Equal(before, await ReadAsync());
    }

    // The newer file is there, and the database does not name it yet: the power fails.
    [Fact]
    public async Task Cut_off_before_the_database_names_the_newer_file_the_older_one_counts_and_the_next_run_does_it_again()
    {
        var (before, names) = await FillAndMoveAsync();
        KeyRing.Open(Keys).Rotate();
        instance.Ask($"""
            CREATE FUNCTION {_schema}.cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
            CREATE TRIGGER cut BEFORE UPDATE OF file ON {_schema}.journal_part FOR EACH ROW EXECUTE FUNCTION {_schema}.cut();
            """);
        await Assert.ThrowsAsync<JournalUnavailableException>(() => PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys), Parts));
        Assert.Contains(names[0], Names());
        instance.Ask($"DROP TRIGGER cut ON {_schema}.journal_part; UPDATE {_schema}.writer SET renewed_at = '-infinity'");
        Assert.Equal(before, await ReadAsync()); // by the older file

        await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys), Parts);

        Assert.Equal(names.Length, Names().Length); // and no older one is left
        KeyRing.Open(Keys).DropOlder();
        Assert.Equal(before, await ReadAsync());
    }

    [Fact]
    public async Task While_a_hub_writes_nothing_is_rewritten()
    {
        await FillAsync();
        KeyRing.Open(Keys).Rotate();
        await using var running = await OpenAsync();
        var refused = await Assert.ThrowsAsync<JournalUnavailableException>(() => PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys)));
        Assert.Equal(JournalFault.Locked, refused.Fault);
        Assert.Equal(0L, instance.Ask($"SELECT count(*) FROM {_schema}.fact WHERE get_byte(bytes, 1) <> 1"));
        await running.CommitAsync(new JournalBatch { Records = { Make.Record(1, 2, "still the writer") } });
    }

    // Whoever takes its place in mid-work: the next page's transaction proves that it no longer is the writer, and changes nothing.
    [Fact]
    public async Task Whoever_takes_its_place_ends_it_and_run_again_it_does_the_rest()
    {
        await FillAsync();
        KeyRing.Open(Keys).Rotate();
        instance.Ask($"""
            CREATE FUNCTION {_schema}.take_over() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                UPDATE {_schema}.writer SET session = gen_random_uuid() WHERE (SELECT count(*) FROM {_schema}.fact WHERE get_byte(bytes, 1) = 2) >= 500;
                RETURN NULL;
            END $$;
            CREATE TRIGGER someone_else AFTER UPDATE ON {_schema}.fact FOR EACH STATEMENT EXECUTE FUNCTION {_schema}.take_over();
            """);
        var ended = await Assert.ThrowsAsync<JournalUnavailableException>(() => PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys)));
        Assert.Contains("another process writes", ended.Message, StringComparison.Ordinal);
        Assert.Equal(500L, instance.Ask($"SELECT count(*) FROM {_schema}.fact WHERE get_byte(bytes, 1) = 2"));

        instance.Ask($"DROP TRIGGER someone_else ON {_schema}.fact; UPDATE {_schema}.writer SET renewed_at = '-infinity'");
        Assert.Equal((Facts - 500 + 3, 0), await PostgresRewrite.RunAsync(instance.ConnectionString, Options, KeyRing.Open(Keys)));
        KeyRing.Open(Keys).DropOlder();
        Assert.Equal(Values, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task A_value_that_does_not_open_stops_it_and_says_so()
    {
        await FillAsync();
        KeyRing.Open(Keys).Rotate();
        var others = KeyRing.OpenOrCreate(_folder.File("other.keys"));
        others.Rotate();
        var stopped = await Assert.ThrowsAsync<JournalUnavailableException>(() => PostgresRewrite.RunAsync(instance.ConnectionString, Options, others));
        Assert.Equal(JournalFault.Corrupt, stopped.Fault);
        Assert.Equal(0L, instance.Ask($"SELECT count(*) FROM {_schema}.fact WHERE get_byte(bytes, 1) <> 1"));
        await (await OpenAsync()).DisposeAsync(); // it let go of the writer's place
    }

    public void Dispose() => _folder.Dispose();

    private string[] Names() => [.. Directory.GetFiles(Parts).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private async Task<(IReadOnlyList<string?> Before, string[] Names)> FillAndMoveAsync()
    {
        await FillAsync();
        var before = await ReadAsync();
        await using (var database = await PostgresJournal.OpenAsync(instance.ConnectionString, Options))
        {
            while (await database.MoveOldestPartAsync(TimeSpan.Zero, default) is not null)
            {
            }
        }

        Assert.True(Names().Length >= 2);
        return (before, Names());
    }

    private async Task FillAsync()
    {
        await using var journal = await OpenAsync();
        var batch = new JournalBatch
        {
            Records = { Make.Record(1, 1, "first", new FactKey(Make.Producer, 1)) },
            Snapshots = { new NewSnapshot(Make.Stream(1), 1, Make.Bytes("state")) },
            Documents = { new DocumentWrite("phone", Make.Bytes("+49 170"), Make.Bytes("member")), new DocumentWrite("plain", Make.Bytes("old"), Make.Bytes("by key 1")) },
        };
        for (var sequence = 1; sequence <= Facts; sequence++)
        {
            batch.Facts.Add(Make.Fact(sequence, "fact " + sequence));
        }

        await journal.CommitAsync(batch);
        for (var version = 1; version <= Records; version++)
        {
            await journal.CommitAsync(Make.Records(Make.Record(2, version, "record " + version)));
        }

        Assert.True((long)instance.Ask($"SELECT count(DISTINCT tableoid) FROM {_schema}.record")! > 2);
    }

    private async Task<IReadOnlyList<string?>> ReadAsync()
    {
        await using var journal = await OpenAsync();
        var stream = journal.ReadStream(Make.Stream(1));
        return
        [
            .. journal.ReadFacts(Make.Producer, 1, Facts + 1, int.MaxValue).Select(fact => Make.Text(fact.Bytes)),
            Make.Text(stream.Snapshot!),
            .. journal.ReadRecords(Make.Stream(1), 1, 10).Select(record => Make.Text(record.Payload)),
            .. journal.ReadRecords(Make.Stream(2), 1, 100).Select(record => Make.Text(record.Payload)),
            Make.Text(journal.ReadDocument("phone", Make.Bytes("+49 170"))!),
            .. journal.ReadDocuments("plain", [], [], 10).Select(document => Make.Text(document.Key) + Make.Text(document.Value)),
        ];
    }

    private async Task<SealedJournal> OpenAsync()
    {
        var database = await PostgresJournal.OpenAsync(instance.ConnectionString, Options);
        return await SealedJournal.OpenAsync(database, KeyRing.Of(database, Keys), Hidden);
    }
}
