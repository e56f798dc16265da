using SyncHub.Storage;
using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Sqlite;

// A process to be killed. Arguments: journal file or connection string, number of writers, largest file in
// bytes (0: no limit), for a database the schema, and for one that shares it the writer's name: it then renews its leases of 4 partitions.
// Each writer commits one batch after the other and prints "writer version" when it was acknowledged, until the process ends.
// Where the journal fails it prints "fault <kind>" for the first failure and for one more call after it, and leaves.
var writers = int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture);
var maxFileBytes = long.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture);
var output = TextWriter.Synchronized(new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true });
try
{
    // Small checkpoints, so that many of the kills hit one; none under a size limit, so that a COMMIT is the first to meet it.
    await using IJournal journal = args.Length > 3
        ? await PostgresJournal.OpenAsync(args[0], new PostgresJournalOptions { Schema = args[3], PatienceMs = 20_000, Writer = args.Length > 4 ? args[4] : "hub", LeaseMs = 1_500 })
        : SqliteJournal.Open(args[0], new SqliteJournalOptions { CheckpointPages = maxFileBytes > 0 ? int.MaxValue : 50 });
    if (args.Length > 4)
    {
        var leases = ((PostgresJournal)journal).LeasesOf(4, "nowhere");
        leases.Renew();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                await Task.Delay(300);
                leases.Renew();
            }
        });
    }
    output.WriteLine("open");
    if (maxFileBytes > 0)
    {
        FileSizeLimit.Set(maxFileBytes);
    }
    await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteForeverAsync(journal, writer))));
}
catch (JournalUnavailableException error)
{
    output.WriteLine($"fault {error.Fault} {error.Message}");
}

async Task WriteForeverAsync(IJournal journal, int writer)
{
    for (var version = journal.ReadStream(Workload.Stream(writer)).Tail.Count + 1L; ; version++)
    {
        try
        {
            await journal.CommitAsync(Workload.Batch(writer, version));
        }
        catch (JournalUnavailableException error)
        {
            output.WriteLine($"fault {error.Fault} {error.Message}");
            await journal.CommitAsync(Workload.Batch(writer, version));
        }
        output.WriteLine($"{writer} {version}");
    }
}
