using SyncHub.Storage.Postgres;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>The same where a part of the journal holds five records: nothing may depend on what lies in one part.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresPartsConformanceTests(PostgresInstance instance) : PostgresConformance(instance, new PostgresJournalOptions { PartRecords = 5 });
