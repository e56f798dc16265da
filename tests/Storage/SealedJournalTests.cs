using System.Text;
using Microsoft.Data.Sqlite;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Tests;

/// <summary>What a sealed journal keeps from whoever has its file, and what it says when its keys are not right.</summary>
public sealed class SealedJournalTests : IDisposable
{
    private const string Secret = "+49 170 5550199";
    private static readonly HashSet<string> Hidden = ["phone"];
    private readonly TempFolder _folder = new();

    private string Keys => _folder.File("journal.keys");

    [Fact]
    public async Task Nothing_that_was_written_can_be_read_from_the_files()
    {
        await FillAsync();

        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_folder.Journal)!).Where(file => file != Keys))
        {
            Assert.DoesNotContain(Secret, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)), StringComparison.Ordinal);
        }

        await using var journal = await OpenAsync();
        Assert.Equal(Secret, Make.Text(journal.ReadFacts(Make.Producer, 1, 1, 100).Single().Bytes));
        Assert.Equal((Secret, Secret), (Make.Text(journal.ReadStream(Make.Stream(1)).Snapshot), Make.Text(journal.ReadRecords(Make.Stream(1), 1, 1).Single().FactBytes)));
        Assert.Equal("member", Make.Text(journal.ReadDocument("phone", Make.Bytes(Secret))));
    }

    [Fact]
    public async Task Rows_that_were_prepared_are_sealed_once_and_may_be_committed_beside_rows_that_were_not()
    {
        await using (var journal = await OpenAsync())
        {
            var early = new JournalBatch();
            early.Facts.Add(new NewFact(Make.Producer, 1, new byte[32], Make.Bytes(Secret)));
            early.Records.Add(new NewRecord(0, Make.Stream(1), 1, Make.Bytes(Secret), new FactKey(Make.Producer, 1)));
            early.Snapshots.Add(new NewSnapshot(Make.Stream(1), 1, Make.Bytes(Secret)));
            journal.Prepare(early);
            journal.Prepare(early); // by mistake twice
            var batch = new JournalBatch();
            batch.Facts.AddRange(early.Facts);
            batch.Records.AddRange(early.Records);
            batch.Snapshots.AddRange(early.Snapshots);
            batch.Facts.Add(new NewFact(Make.Producer, 2, new byte[32], Make.Bytes("late")));
            batch.Records.Add(new NewRecord(0, Make.Stream(2), 1, Make.Bytes("late"), new FactKey(Make.Producer, 2)));
            await journal.CommitAsync(batch);
        }

        await using var again = await OpenAsync();
        Assert.Equal([Secret, "late"], again.ReadFacts(Make.Producer, 1, 2, 1000).Select(fact => Make.Text(fact.Bytes)));
        Assert.Equal([Secret, "late"], again.ReadFeed(0, 2).Select(record => Make.Text(record.Payload)));
        Assert.Equal(Secret, Make.Text(again.ReadStream(Make.Stream(1)).Snapshot));
    }

    [Fact]
    public async Task Hidden_keys_are_found_one_by_one_and_walked_through_once_each()
    {
        await using var journal = await OpenAsync();
        await journal.CommitAsync(Make.Documents([.. Enumerable.Range(0, 50).Select(n => Make.Put($"phone {n}", $"{n}", "phone"))]));

        var (seen, after) = (new List<string>(), Array.Empty<byte>());
        while (journal.ReadDocuments("phone", [], after, 7) is { Count: > 0 } page)
        {
            seen.AddRange(page.Select(document => Make.Text(document.Key)!));
            after = page[^1].Key;
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(n => $"phone {n}").Order(), seen.Order());
        Assert.Throws<NotSupportedException>(() => journal.ReadDocuments("phone", Make.Bytes("phone"), [], 1));
    }

    [Theory]
    [InlineData("UPDATE fact SET bytes = (SELECT payload FROM record)")]
    [InlineData("UPDATE fact SET sequence = 2")]
    [InlineData("UPDATE fact SET bytes = CAST(bytes || x'00' AS BLOB)")]
    [InlineData("UPDATE fact SET bytes = x'0102'")]
    public async Task A_value_that_was_changed_or_moved_does_not_open(string damage)
    {
        await FillAsync();
        Execute(damage);

        await using var journal = await OpenAsync();
        Assert.Equal(JournalFault.Corrupt, Assert.Throws<JournalUnavailableException>(() => journal.ReadFacts(Make.Producer, 1, 1, 100)).Fault);
    }

    [Fact]
    public async Task Without_its_keys_or_with_others_it_says_so()
    {
        await FillAsync();
        File.Move(Keys, Keys + ".away");

        Assert.Contains("no such key file", Assert.Throws<JournalUnavailableException>(() => KeyRing.Open(Keys)).Message, StringComparison.Ordinal);
        await using (var journal = await OpenAsync())
        {
            Assert.Contains("the key file is of another database", Assert.Throws<JournalUnavailableException>(() => journal.ReadFacts(Make.Producer, 1, 1, 100)).Message, StringComparison.Ordinal);
        }

        File.WriteAllText(Keys, "lookup 00");
        Assert.Equal(JournalFault.Corrupt, Assert.Throws<JournalUnavailableException>(() => KeyRing.Open(Keys)).Fault);
    }

    [Fact]
    public async Task Keys_that_others_can_read_are_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await FillAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Keys));
        File.SetUnixFileMode(Keys, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        Assert.Contains("chmod 600", Assert.Throws<JournalUnavailableException>(() => KeyRing.Open(Keys)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_was_never_sealed_is_not_mixed_with_sealed_values()
    {
        await using (var plain = SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions()))
        {
            await plain.CommitAsync(Make.Records(Make.Record(1, 1)));
        }

        Assert.Equal(JournalFault.TooNew, (await Assert.ThrowsAsync<JournalUnavailableException>(OpenAsync)).Fault);
    }

    [Fact]
    public async Task After_a_rotation_old_values_open_and_new_ones_have_the_new_key_until_all_were_rewritten()
    {
        await FillAsync();
        Assert.Equal(2, KeyRing.Open(Keys).Rotate());
        await using (var journal = await OpenAsync())
        {
            await journal.CommitAsync(Make.Documents(Make.Put("new", "value")));
            Assert.Equal("member", Make.Text(journal.ReadDocument("phone", Make.Bytes(Secret))));
        }

        var ring = KeyRing.Open(Keys);
        Assert.Equal(4, JournalRewrite.Run(_folder.Journal, ring));
        Assert.Equal(0, JournalRewrite.Run(_folder.Journal, ring));
        ring.DropOlder();

        await using var rewritten = await OpenAsync();
        Assert.Equal((Secret, "member", "value"), (Make.Text(rewritten.ReadRecords(Make.Stream(1), 1, 1).Single().FactBytes), Make.Text(rewritten.ReadDocument("phone", Make.Bytes(Secret))), Make.Text(rewritten.ReadDocument("members", Make.Bytes("new")))));
        Assert.Equal([(byte)2], KeyRing.Open(Keys).Numbers);
    }

    [Fact]
    public async Task A_fenced_document_is_read_back_once_and_not_before_each_commit()
    {
        await using var inner = new WatchedJournal(SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions()));
        await using var journal = await SealedJournal.OpenAsync(inner, KeyRing.OpenOrCreate(Keys), Hidden);
        var before = inner.DocumentsRead;
        for (var value = 1; value <= 5; value++)
        {
            await journal.CommitAsync(Fenced(value == 1 ? "" : Text(value - 1), Text(value)));
        }

        Assert.Equal(1, inner.DocumentsRead - before);
    }

    [Fact]
    public async Task What_a_journal_last_wrote_of_a_fenced_document_is_not_believed_against_what_is_there()
    {
        var plain = SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions());
        await using var journal = await SealedJournal.OpenAsync(plain, KeyRing.OpenOrCreate(Keys), Hidden);
        await journal.CommitAsync(Fenced("", "1"));
        await journal.CommitAsync(Fenced("1", "2"));
        await plain.CommitAsync(Make.Documents(Make.Put("a", "somebody else")));
        await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(Fenced("2", "3")));
    }

    [Fact]
    public async Task A_fenced_document_whose_commit_failed_or_that_was_deleted_is_read_anew()
    {
        await using var journal = await OpenAsync();
        await journal.CommitAsync(Fenced("", "1"));
        await journal.CommitAsync(Fenced("1", "2"));
        var broken = Fenced("2", "lost");
        broken.Records.Add(Make.Record(1, 7)); // not the next one
        await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(broken));
        await Assert.ThrowsAsync<JournalConflictException>(() => journal.CommitAsync(Fenced("lost", "3")));
        await journal.CommitAsync(Fenced("2", "3"));
        await journal.CommitAsync(Make.Documents(Make.Delete("a") with { Expected = Make.Bytes("3") }));
        await journal.CommitAsync(Make.Documents(Make.Put("a", "4") with { OnlyIfAbsent = true }));
        await journal.CommitAsync(Fenced("4", "5"));
        Assert.Equal("5", Make.Text(journal.ReadDocument("members", Make.Bytes("a"))));
    }

    public void Dispose() => _folder.Dispose();

    private static JournalBatch Fenced(string expected, string value) => Make.Documents(Make.Put("a", value) with { Expected = Make.Bytes(expected) });

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task FillAsync()
    {
        await using var journal = await OpenAsync();
        var batch = new JournalBatch
        {
            Facts = { Make.Fact(1, Secret) },
            Records = { Make.Record(1, 1, Secret, new FactKey(Make.Producer, 1)) },
            Snapshots = { new NewSnapshot(Make.Stream(1), 1, Make.Bytes(Secret)) },
            Documents = { new DocumentWrite("phone", Make.Bytes(Secret), Make.Bytes("member")) },
        };
        await journal.CommitAsync(batch);
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.Journal};Pooling=False;Foreign Keys=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "DROP TRIGGER fact_keeps_its_values";
        command.ExecuteNonQuery();
        command.CommandText = sql;
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    private Task<SealedJournal> OpenAsync() => SealedJournal.OpenAsync(SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions()), KeyRing.OpenOrCreate(Keys), Hidden);
}
