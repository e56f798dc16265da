using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Tests;

/// <summary>Copies of a journal, and the way back from one.</summary>
public sealed class JournalCopyTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Copy => _folder.File("copy.db");

    private string Aside => _folder.File("aside.db");

    [Fact]
    public async Task A_copy_of_a_living_journal_holds_what_was_committed_and_no_more()
    {
        await using var journal = Open();
        await journal.CommitAsync(Make.Records(Make.Record(1, 1, "before")));
        JournalCopy.Make(_folder.Journal, Copy);
        await journal.CommitAsync(Make.Records(Make.Record(1, 2, "after")));

        await using var copy = SqliteJournal.Open(Copy, new SqliteJournalOptions());
        Assert.Equal(["1:before"], copy.ReadRecords(Make.Stream(1), 1, 10).Texts());
    }

    [Fact]
    public async Task A_copy_is_never_overwritten()
    {
        await using var journal = Open();
        await File.WriteAllTextAsync(Copy, "precious");

        Assert.Throws<IOException>(() => JournalCopy.Make(_folder.Journal, Copy));

        Assert.Equal("precious", await File.ReadAllTextAsync(Copy));
    }

    [Fact]
    public async Task A_copy_takes_the_place_of_a_crashed_journal_whose_log_moves_aside_with_it()
    {
        await PrepareAsync();
        await File.WriteAllTextAsync(_folder.Journal + "-wal", "of the journal that is replaced");

        await JournalCopy.PutInPlaceAsync(_folder.Journal, Copy, Aside, journal => journal.CommitAsync(Make.Documents(Make.Put("term", "2"))));

        Assert.Equal("of the journal that is replaced", await File.ReadAllTextAsync(Aside + "-wal"));
        await using var restored = Open();
        Assert.Equal(["1:before"], restored.ReadRecords(Make.Stream(1), 1, 10).Texts());
        Assert.Equal("2", Make.Text(restored.ReadDocument("members", "term"u8)));
        Assert.Equal(["aside.db", "aside.db-wal", "copy.db"], Files().Where(name => !name.StartsWith("journal.db", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nothing_changes_where_the_owner_runs()
    {
        await PrepareAsync();
        await using var journal = Open();

        var fault = await Assert.ThrowsAsync<JournalUnavailableException>(() => JournalCopy.PutInPlaceAsync(_folder.Journal, Copy, Aside, _ => Task.CompletedTask));

        Assert.Equal(JournalFault.Locked, fault.Fault);
        Assert.Equal(["1:before", "2:after"], journal.ReadRecords(Make.Stream(1), 1, 10).Texts());
        Assert.False(File.Exists(Aside));
    }

    [Fact]
    public async Task Nothing_changes_where_the_copy_is_damaged_or_cannot_be_amended()
    {
        await PrepareAsync();
        var damaged = _folder.File("damaged.db");
        var bytes = await File.ReadAllBytesAsync(Copy);
        Array.Fill(bytes, (byte)0x5A, 4096, 4096);
        await File.WriteAllBytesAsync(damaged, bytes);
        await File.WriteAllTextAsync(_folder.File("text.db"), new string('x', 5000));

        await Assert.ThrowsAsync<JournalUnavailableException>(() => JournalCopy.PutInPlaceAsync(_folder.Journal, damaged, Aside, _ => Task.CompletedTask));
        await Assert.ThrowsAsync<JournalUnavailableException>(() => JournalCopy.PutInPlaceAsync(_folder.Journal, _folder.File("text.db"), Aside, _ => Task.CompletedTask));
        await Assert.ThrowsAsync<FileNotFoundException>(() => JournalCopy.PutInPlaceAsync(_folder.Journal, _folder.File("none.db"), Aside, _ => Task.CompletedTask));
        await Assert.ThrowsAsync<InvalidDataException>(() => JournalCopy.PutInPlaceAsync(_folder.Journal, Copy, Aside, _ => throw new InvalidDataException()));

        await using var journal = Open();
        Assert.Equal(["1:before", "2:after"], journal.ReadRecords(Make.Stream(1), 1, 10).Texts());
    }

    [Fact]
    public async Task A_journal_whose_replacement_was_interrupted_opens_only_when_it_was_done_again()
    {
        await PrepareAsync();
        File.Move(_folder.Journal, Aside); // killed between the two moves
        File.Copy(Copy, _folder.Journal + ".restoring");

        Assert.Throws<JournalUnavailableException>(Open);
        await Assert.ThrowsAsync<InvalidDataException>(() => JournalCopy.PutInPlaceAsync(_folder.Journal, Copy, _folder.File("aside2.db"), _ => throw new InvalidDataException()));
        Assert.Throws<JournalUnavailableException>(Open);
        await JournalCopy.PutInPlaceAsync(_folder.Journal, Copy, _folder.File("aside2.db"), _ => Task.CompletedTask);

        await using var restored = Open();
        Assert.Equal(["1:before"], restored.ReadRecords(Make.Stream(1), 1, 10).Texts());
    }

    public void Dispose() => _folder.Dispose();

    private SqliteJournal Open() => SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions());

    private IEnumerable<string> Files() => Directory.GetFiles(Path.GetDirectoryName(_folder.Journal)!).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private async Task PrepareAsync()
    {
        await using var journal = Open();
        await journal.CommitAsync(Make.Records(Make.Record(1, 1, "before")));
        JournalCopy.Make(_folder.Journal, Copy);
        await journal.CommitAsync(Make.Records(Make.Record(1, 2, "after")));
    }
}
