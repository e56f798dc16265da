using SyncHub.Storage.Postgres;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>The conformance suite on a real server.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresConformanceTests(PostgresInstance instance) : PostgresConformance(instance, new PostgresJournalOptions());
