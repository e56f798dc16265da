using SyncHub.Storage.Schema;

namespace SyncHub.Storage.Postgres;

/// <summary>How a <see cref="PostgresJournal"/> uses its database.</summary>
public sealed record PostgresJournalOptions
{
    /// <summary>The PostgreSQL schema of a journal where nobody names another one.</summary>
    public const string DefaultSchema = "synchub";

    /// <summary>The PostgreSQL schema that holds the journal; made where there is none. Small letters, digits and underscores. Empty: the connection string's Search Path, or <see cref="DefaultSchema"/>.</summary>
    public string Schema { get; init; } = "";

    /// <summary>The name under which this process writes. Two processes of one name exclude each other.</summary>
    public string Writer { get; init; } = "hub";

    /// <summary>Told, while this process waits for its turn, who writes: once, and again when it changes. The wait goes on when it is done; it must not throw.</summary>
    public Func<LeadingWriter, Task>? OnWaiting { get; init; }

    /// <summary>How many reads may run at the same time, each on a connection of its own.</summary>
    public int Readers { get; init; } = 8;

    /// <summary>How long, in milliseconds, to try again when the database cannot be reached, before the journal closes itself. A restart or a failover should fit.</summary>
    public int PatienceMs { get; init; } = 30_000;

    /// <summary>How long, in milliseconds, an opening journal waits for another process of the same name to let go; <see cref="int.MaxValue"/>: as long as it takes.</summary>
    public int TakeOverMs { get; init; } = 10_000;

    /// <summary>Whether this process should write whenever it can: others that wait leave the place to it, and one that writes can ask whether it waits (<see cref="PostgresJournal.IsAnotherPreferred"/>).</summary>
    public bool IsPreferred { get; init; }

    /// <summary>After how long without a sign of life, in milliseconds, a writer may be replaced. It renews three times as often, so one lost round trip costs nothing.</summary>
    public int LeaseMs { get; init; } = 5_000;

    /// <summary>How long, in milliseconds, a writer's connection must be gone before its place may be taken. A process whose connection broke opens another one at once, and should not lose its place for it.</summary>
    internal int GoneMs { get; init; } = 500;

    /// <summary>How long, in milliseconds, one commit or read may go unanswered before its connection is given up and the outcome is read from a new one.</summary>
    public int AnswerMs { get; init; } = 30_000;

    /// <summary>How many records a part of the journal holds; a part leaves the database as a whole (docs/schema.md, retention). Only new parts are made so.</summary>
    public long PartRecords { get; init; } = 5_000_000;

    /// <summary>Folder of the parts that have left the database; every hub that may lead must see it. Needed where any has.</summary>
    public string PartsFolder { get; init; } = "";

    /// <summary>True for a database that does not sync its commits to the disk. Only for tests: a power cut then loses acknowledged ops.</summary>
    public bool AllowsUnsafeServer { get; init; }

    /// <summary>Told of every lost connection, once when the journal closes itself, and at the start where a failover could lose something. It must neither block nor throw.</summary>
    public Action<JournalUnavailableException>? OnTrouble { get; init; }

    /// <summary>False: one decision is written as a group of one, so that tests meet a group's statements without having to bring a group together.</summary>
    internal bool CommitsOneByCall { get; init; } = true;

    /// <summary>The steps of the schema; tests pass their own.</summary>
    internal IReadOnlyList<Migration> Migrations { get; init; } = Migration.Postgres;
}
