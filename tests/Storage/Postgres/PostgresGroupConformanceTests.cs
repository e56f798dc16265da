using SyncHub.Storage.Postgres;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>The same where one decision is written as a group of one: what a group's statements refuse and what a lone commit's function refuses is one and the same.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresGroupConformanceTests(PostgresInstance instance) : PostgresConformance(instance, new PostgresJournalOptions { CommitsOneByCall = false, PartRecords = 5 });
