using System.Net;
using Grpc.Standard;
using SyncHub.Agent.Engine;
using SyncHub.Storage;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Agent.Hosting;

/// <summary>How an agent is set up. Checked once, at start, with all faults at once.</summary>
public sealed record AgentOptions
{
    /// <summary>The largest message that a till may send, KiB, where nothing else is said.</summary>
    public const int DefaultTillMessageKib = 64;

    /// <summary>The largest message from and to the hub, KiB, where nothing else is said.</summary>
    public const int DefaultHubMessageKib = 4096;

    /// <summary>How a store's database is opened: for little memory, and for one who reads and writes in turn.</summary>
    public static readonly SqliteJournalOptions Journal = new() { WriterCacheKib = 2048, ReaderCacheKib = 1024, Readers = 2, ReadsWhereItWrites = true };

    private const int LeastTillMessageKib = 16; // a basket of many lines

    /// <summary>The folder of the database, the identity and the log. It must exist.</summary>
    public string DataDirectory { get; init; } = "";

    /// <summary>The hub, <c>https://host:port</c>; several of one chain with commas between them; where the chain has several cells, those of each in order, with semicolons between the cells.</summary>
    public string HubAddress { get; init; } = "";

    /// <summary>The hubs, one by one, in the order in which they are called.</summary>
    internal IReadOnlyList<string> HubAddresses => HubAddress.Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The hubs of each cell, with commas between those of one.</summary>
    internal IReadOnlyList<string> HubsByCell => HubAddress.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>No certificates and no TLS: for tests and trials on one machine, with a hub that runs alike.</summary>
    public bool InsecureLoopback { get; init; }

    /// <summary>Where tills of this machine reach the agent: loopback, since they do not prove who they are.</summary>
    public string TillAddress { get; init; } = "127.0.0.1";

    /// <summary>Port of the tills' gRPC service; 0 for any free one.</summary>
    public int TillGrpcPort { get; init; }

    /// <summary>Port of the tills' JSON service; 0 for any free one.</summary>
    public int TillJsonPort { get; init; }

    /// <summary>Where tills on other machines reach the agent, gRPC and JSON over TLS on one port: an address of this machine, or 0.0.0.0; empty = nowhere.</summary>
    public string TillLanAddress { get; init; } = "";

    /// <summary>The port of that door; 0 for any free one.</summary>
    public int TillLanPort { get; init; }

    /// <summary>After how many days without a visit a member's rights go back to the hub.</summary>
    public int IdleDays { get; init; } = 60;

    /// <summary>After how many days without a visit the store drops its copy of a member's data, and is told of the member no more; 0 = never.</summary>
    public int UnfollowDays { get; init; } = 180;

    /// <summary>How long answers to request ids, and ops whose day is closed, are kept beside the log, days.</summary>
    public int RetainDays { get; init; } = 90;

    /// <summary>How often the store looks at a page of what it keeps: idle rights, members who no longer come, old records.</summary>
    public TimeSpan WalkInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the hub may collect rights for a payment, milliseconds.</summary>
    public int CheckoutDeadlineMs { get; init; } = 800;

    /// <summary>How long a till waits for what only the hub can say without asking another store, milliseconds: a member, a refund right, a receipt.</summary>
    public int LookUpDeadlineMs { get; init; } = 700;

    /// <summary>The guard file, which tells a restored database from a living one. It belongs on this machine and in no backup; empty for <c>&lt;DataDirectory&gt;.guard</c> beside the data folder.</summary>
    public string GuardFile { get; init; } = "";

    /// <summary>The keys of the database; empty for <c>&lt;DataDirectory&gt;.keys</c> beside the data folder. Without them the database cannot be read: copy them too, to another place.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>The log file, one per day; empty for <c>logs/agent-.log</c> in the data folder.</summary>
    public string LogFile { get; init; } = "";

    /// <summary>Whether tools may ask the tills' port which services and messages there are (gRPC server reflection).</summary>
    public bool Reflection { get; init; }

    /// <summary>What the tills' doors bear from anybody. A till has little to say.</summary>
    public GrpcLimits Limits { get; init; } = new() { MaxMessageKib = DefaultTillMessageKib };

    /// <summary>The largest message from and to the hub, KiB.</summary>
    public int HubMessageKib { get; init; } = DefaultHubMessageKib;

    /// <summary>Everything that is wrong, each with its key and the way out; empty where nothing is.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        var faults = new List<string>();
        Check(DataDirectory.Length > 0 && Directory.Exists(DataDirectory), $"DataDirectory: the folder '{DataDirectory}' does not exist. Create it, or name another.");
        Check(HubAddresses.Count > 0, "HubAddress: name the hub, https://host:port; several with commas between them.");
        Check(HubAddresses.Distinct(StringComparer.OrdinalIgnoreCase).Count() == HubAddresses.Count, $"HubAddress: '{HubAddress}' names a hub twice.");
        foreach (var address in HubAddresses)
        {
            Check(IsHub(address), InsecureLoopback ? $"HubAddress: '{address}' is not of the form http://127.0.0.1:port; without certificates the hub is reached on loopback only."
                : $"HubAddress: '{address}' is not of the form https://host:port.");
        }

        Check(IPAddress.TryParse(TillAddress, out var tills) && IPAddress.IsLoopback(tills),
            $"TillAddress: '{TillAddress}' is not a loopback address. Tills of this machine are served on 127.0.0.1 or ::1 only; for tills on other machines set TillLanAddress, and pair them.");
        Check(IsPort(TillGrpcPort), $"TillGrpcPort: {TillGrpcPort} is not a port; use 0 to 65535, 0 for any free one.");
        Check(IsPort(TillJsonPort), $"TillJsonPort: {TillJsonPort} is not a port; use 0 to 65535, 0 for any free one.");
        Check(TillGrpcPort == 0 || TillGrpcPort != TillJsonPort, $"TillJsonPort: {TillJsonPort} is also the TillGrpcPort. Use two ports.");
        Check(TillLanAddress.Length == 0 || IPAddress.TryParse(TillLanAddress, out _), $"TillLanAddress: '{TillLanAddress}' is not an IP address; use one of this machine, or 0.0.0.0.");
        Check(IsPort(TillLanPort) && (TillLanPort == 0 || (TillLanPort != TillGrpcPort && TillLanPort != TillJsonPort)), $"TillLanPort: {TillLanPort} is not a port that is free for this; use 0 to 65535, 0 for any free one.");
        Check(IdleDays is >= 1 and <= 3650, $"IdleDays: {IdleDays} is not between 1 and 3650.");
        Check(UnfollowDays == 0 || (UnfollowDays >= IdleDays && UnfollowDays <= 3650), $"UnfollowDays: {UnfollowDays} is neither 0 nor between IdleDays ({IdleDays}), after which rights go back, and 3650.");
        Check(RetainDays is >= 7 and <= 3650, $"RetainDays: {RetainDays} is not between 7 and 3650.");
        Check(HubMessageKib is >= 1024 and <= 1_047_552, $"HubMessageKib: {HubMessageKib} is not between 1024 and 1047552.");
        faults.AddRange((Limits with { LeastMessageKib = LeastTillMessageKib }).FindFaults());
        Check(CheckoutDeadlineMs is >= 100 and <= 10_000, $"CheckoutDeadlineMs: {CheckoutDeadlineMs} is not between 100 and 10000.");
        Check(LookUpDeadlineMs is >= 100 and <= 10_000, $"LookUpDeadlineMs: {LookUpDeadlineMs} is not between 100 and 10000.");
        return faults;

        void Check(bool isGood, string fault)
        {
            if (!isGood)
            {
                faults.Add(fault);
            }
        }
    }

    /// <summary>These options for a cell: its folder, and its hubs.</summary>
    internal AgentOptions ForCell(Core.Primitives.Cell cell) => cell.IsShared
        ? this with { DataDirectory = CellFolders.PathOf(DataDirectory, cell.Number), HubAddress = HubsByCell[cell.Number - 1], GuardFile = OfCell(GuardFile, cell.Number), KeyFile = OfCell(KeyFile, cell.Number) }
        : this;

    /// <summary>Where the keys of the database are.</summary>
    internal string KeyPath => KeyFile.Length > 0 ? KeyFile : Path.TrimEndingDirectorySeparator(Path.GetFullPath(DataDirectory)) + KeyRing.Extension;

    /// <summary>How silent a hub may be before it is left; null: as docs/protocol.md says. For tests that play the hub, on machines of any speed.</summary>
    internal TimeSpan? LongestHubSilence { get; init; }

    /// <summary>What is put around the journal: nothing, but where a test ends a process at its writes.</summary>
    internal Func<IJournal, IJournal> AroundJournal { get; init; } = static journal => journal;

    /// <summary>What is put around the guard: nothing, but where a test ends a process at its writes.</summary>
    internal Func<IGuard, IGuard> AroundGuard { get; init; } = static guard => guard;

    /// <exception cref="AgentStartException">Something is wrong.</exception>
    internal void ThrowIfFaulty()
    {
        var faults = FindFaults();
        if (faults.Count > 0)
        {
            throw new AgentStartException(string.Join(Environment.NewLine, faults), AgentStartException.BadOptions);
        }
    }

    /// <summary>Where the guard is.</summary>
    internal string GuardPath => GuardFile.Length > 0 ? GuardFile : Path.TrimEndingDirectorySeparator(Path.GetFullPath(DataDirectory)) + ".guard";

    private bool IsHub(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var hub) && hub.PathAndQuery == "/" && hub.Scheme == (InsecureLoopback ? "http" : "https") && (hub.IsLoopback || !InsecureLoopback);

    private static string OfCell(string path, int number) => path.Length == 0 || number == 1 ? path : FormattableString.Invariant($"{path}.cell-{number}");

    private static bool IsPort(int port) => port is >= IPEndPoint.MinPort and <= IPEndPoint.MaxPort;
}
