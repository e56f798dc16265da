using Microsoft.Data.Sqlite;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Tests;

/// <summary>The conformance suite on real files.</summary>
public class SqliteConformanceTests : JournalConformance, IDisposable
{
    private readonly TempFolder _folder = new();

    protected virtual SqliteJournalOptions Options => new() { CheckpointPages = 20 };

    protected override IJournal Open() => SqliteJournal.Open(_folder.Journal, Options);

    protected override async Task<IJournal> ReopenAsync()
    {
        await Journal.DisposeAsync();
        return Open();
    }

    // Another program's write lock stops the writer at BEGIN with a first, unrelated batch; everything after it waits in the queue.
    protected override async Task<T> TogetherAsync<T>(Func<T> submit)
    {
        Task<long> first;
        T submitted;
        using (var other = new SqliteConnection($"Data Source={_folder.Journal};Pooling=False"))
        {
            other.Open();
            using var transaction = other.BeginTransaction(deferred: false);
            first = Journal.CommitAsync(Make.Documents(Make.Put("first", "1", "held back")));
            submitted = submit();
            transaction.Rollback();
        }
        await first;
        return submitted;
    }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>The same where single documents are read by the connection that writes.</summary>
public sealed class SqliteReadsWhereItWritesTests : SqliteConformanceTests
{
    protected override SqliteJournalOptions Options => base.Options with { ReadsWhereItWrites = true };
}
