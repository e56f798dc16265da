using Npgsql;
using SyncHub.Storage.Postgres;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>The conformance suite on a real server, with a schema of its own for each test.</summary>
public abstract class PostgresConformance(PostgresInstance instance, PostgresJournalOptions options) : JournalConformance
{
    private readonly string _schema = "conformance_" + Guid.NewGuid().ToString("N")[..12];

    protected override IJournal Open() => OpenAsync().GetAwaiter().GetResult();

    protected override async Task<IJournal> ReopenAsync()
    {
        await Journal.DisposeAsync();
        return await OpenAsync();
    }

    // Another session's lock on the feed stops the writer with a first, unrelated batch; everything after it waits in the queue.
    protected override async Task<T> TogetherAsync<T>(Func<T> submit)
    {
        Task<long> first;
        T submitted;
        await using (var other = new NpgsqlConnection(instance.ConnectionString + ";Pooling=False"))
        {
            await other.OpenAsync();
            await using var transaction = await other.BeginTransactionAsync();
            await using var command = new NpgsqlCommand($"SELECT position FROM {_schema}.feed FOR UPDATE", other, transaction);
            await command.ExecuteNonQueryAsync();
            first = Journal.CommitAsync(Make.Documents(Make.Put("first", "1", "held back")));
            submitted = submit();
            await transaction.RollbackAsync();
        }
        await first;
        return submitted;
    }

    private async Task<IJournal> OpenAsync() => await PostgresJournal.OpenAsync(instance.ConnectionString, options with { Schema = _schema });
}
