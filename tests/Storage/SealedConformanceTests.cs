using Microsoft.Data.Sqlite;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Tests;

/// <summary>The conformance suite on a sealed file.</summary>
public sealed class SealedConformanceTests : JournalConformance, IDisposable
{
    private readonly TempFolder _folder = new();

    protected override IJournal Open() => SealedJournal.OpenAsync(
        SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions { CheckpointPages = 20 }), KeyRing.OpenOrCreate(_folder.File("keys")), new HashSet<string>()).GetAwaiter().GetResult();

    protected override async Task<IJournal> ReopenAsync()
    {
        await Journal.DisposeAsync();
        return Open();
    }

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

    public void Dispose() => _folder.Dispose();
}
