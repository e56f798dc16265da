using System.Text;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Postgres.Audit;
using SyncHub.Storage.Sealing;
using Xunit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>What a sealed journal keeps from whoever has its database, and what the audit reads from it with the keys.</summary>
[Collection(SharedPostgres.Name)]
public sealed class SealedDatabaseTests(PostgresInstance instance) : IDisposable
{
    private const string Secret = "+49 170 5550199";
    private static readonly HashSet<string> Hidden = ["phone"];
    private readonly TempFolder _folder = new();
    private readonly string _schema = "sealed_" + Guid.NewGuid().ToString("N")[..12];

    private string Keys => _folder.File("hub.keys");

    [Fact]
    public async Task The_audit_reads_with_the_keys_what_nobody_reads_without()
    {
        await FillAsync();
        var secret = $"'\\x{Convert.ToHexString(Encoding.UTF8.GetBytes(Secret))}'::bytea";
        var found = (long)instance.Ask($"""
            SELECT (SELECT count(*) FROM {_schema}.fact WHERE position({secret} IN bytes) > 0)
                 + (SELECT count(*) FROM {_schema}.record WHERE position({secret} IN payload) > 0)
                 + (SELECT count(*) FROM {_schema}.document WHERE position({secret} IN key || value) > 0)
            """)!;
        Assert.Equal(0, found);

        using var rows = JournalDatabaseReader.Open(instance.ConnectionString, _schema, Keys);
        Assert.Equal(["ok"], rows.IntegrityCheck());
        Assert.Equal(Secret, Make.Text(Assert.Single(rows.Records()).Payload));
        Assert.Equal(Secret, Make.Text(Assert.Single(rows.Facts()).Bytes));
        Assert.Equal(Secret, Make.Text(Assert.Single(rows.Snapshots()).Payload));
        var phone = Assert.Single(rows.Documents("phone"));
        Assert.Equal((Secret, "member"), (Make.Text(phone.Key), Make.Text(phone.Value)));
    }

    [Fact]
    public async Task Without_the_keys_the_audit_says_where_they_should_lie()
    {
        await FillAsync();
        var elsewhere = _folder.File("elsewhere.keys");
        using var rows = JournalDatabaseReader.Open(instance.ConnectionString, _schema, elsewhere);
        var error = Assert.Throws<JournalUnavailableException>(() => rows.Facts().ToArray());
        Assert.Equal(JournalFault.Locked, error.Fault);
        Assert.Contains(elsewhere, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sealed_database_whose_keys_are_gone_is_never_given_new_ones()
    {
        await FillAsync();
        File.Delete(Keys);
        await using var journal = await OpenAsync();
        Assert.Throws<JournalUnavailableException>(() => KeyRing.Of(journal, Keys));
        Assert.False(File.Exists(Keys));
    }

    public void Dispose() => _folder.Dispose();

    private async Task FillAsync()
    {
        var database = await OpenAsync();
        await using var journal = await SealedJournal.OpenAsync(database, KeyRing.Of(database, Keys), Hidden);
        await journal.CommitAsync(new JournalBatch
        {
            Facts = { Make.Fact(1, Secret) },
            Records = { Make.Record(1, 1, Secret, new FactKey(Make.Producer, 1)) },
            Snapshots = { new NewSnapshot(Make.Stream(1), 1, Make.Bytes(Secret)) },
            Documents = { new DocumentWrite("phone", Make.Bytes(Secret), Make.Bytes("member")) },
        });
    }

    private Task<PostgresJournal> OpenAsync() => PostgresJournal.OpenAsync(instance.ConnectionString, new PostgresJournalOptions { Schema = _schema });
}
