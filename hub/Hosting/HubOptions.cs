using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Grpc.Standard;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Storage;

namespace SyncHub.Hub;

/// <summary>How a hub is to run. Checked as a whole before anything starts.</summary>
public sealed record HubOptions
{
    // A store hands in up to 200 signed ops at once, and is sent its members a page at a time: below this it could not work.
    private const int LeastMessageKib = 1024;

    private static readonly JsonSerializerOptions PlacementJson = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    /// <summary>The folder of its database, token and logs; made where there is none.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The key file of its database; empty = <c>hub.keys</c> in <see cref="DataDirectory"/>. Copies of the database never hold it.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>Connection string of the PostgreSQL database that holds the journal; empty = the file hub.db in <see cref="DataDirectory"/>. It may hold a password: never logged.</summary>
    public string Storage { get; init; } = "";

    /// <summary>Whether to stand by, for as long as it takes, while another hub writes to that database; false: it is refused after a while.</summary>
    public bool StandsBy { get; init; }

    /// <summary>Whether this hub leads whenever it can: one that leads and is not preferred lets go when this one has stood by for twelve leases.</summary>
    public bool IsPreferred { get; init; }

    /// <summary>Where stores reach this hub, <c>https://host:port</c>, told by the hubs that stand by; empty: its own address and port.</summary>
    public string Advertise { get; init; } = "";

    /// <summary>How long, in milliseconds, a hub that is silent keeps the right to write to the database.</summary>
    public int StorageLeaseMs { get; init; } = 5_000;

    /// <summary>How long, in milliseconds, a database that cannot be reached is tried again before the hub stops.</summary>
    public int StoragePatienceMs { get; init; } = 30_000;

    /// <summary>The address of both doors.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port of agents and HQ programs (gRPC); 0 = any free one.</summary>
    public int GrpcPort { get; init; } = 7400;

    /// <summary>Port of the JSON view; 0 = any free one.</summary>
    public int HttpPort { get; init; } = 7401;

    /// <summary>No TLS, and a store is whoever says so: for tests and trials on one machine, on loopback only.</summary>
    public bool InsecureLoopback { get; init; }

    /// <summary>PEM file with a certificate chain for the JSON door, which browsers trust; empty = the hub's own certificate.</summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>PEM file with that certificate's key.</summary>
    public string KeyPath { get; init; } = "";

    /// <summary>How long a store's certificate is valid. Its agent renews it after a third of that time.</summary>
    public TimeSpan StoreCertificateLife { get; init; } = TimeSpan.FromDays(90);

    /// <summary>A ruleset file, or the name of a preset.</summary>
    public string Ruleset { get; init; } = "youzan";

    /// <summary>How rights are placed, where no file says so.</summary>
    public PlacementPolicy Placement { get; init; } = new();

    /// <summary>JSON file with the placement policy; empty = <see cref="Placement"/>.</summary>
    public string PlacementFile { get; init; } = "";

    /// <summary>How long a store may let members spend without hearing the hub, hours; 0 = no limit. It bounds risk; what a store sells later all the same is taken.</summary>
    public int LeaseHours { get; init; }

    /// <summary>P: how many partitions. Fixed when the hub is installed.</summary>
    public int Partitions { get; init; } = 256;

    /// <summary>Which of the chain's cells this hub leads or stands by for. Fixed when the hub is installed.</summary>
    public Cell Cell { get; init; } = Cell.Only;

    /// <summary>Where the hubs of each cell are, in the order of the cells, those of one cell with commas between them, "here" for this hub's own; empty where HQ does not come to this hub for the whole chain.</summary>
    public IReadOnlyList<string> CellHubs { get; init; } = [];

    /// <summary>Whether one person alone may do what else needs a second one to approve it. For a chain that has but one.</summary>
    public bool OnePersonIsEnough { get; init; }

    /// <summary>Credit limits up to this one person sets alone, minor units; what is above needs a second one, as a reclaim does.</summary>
    public long ApprovalAboveMinor { get; init; }

    /// <summary>How long whoever approves an order waits for the store's word: a store that is here answers within two round trips and a commit. Only tests wait longer, on machines of any speed.</summary>
    internal TimeSpan OrderPatience { get; init; } = HubParts.UsualOrderPatience;

    /// <summary>The clock of everything but the web server.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How many members stay active in memory when idle, over all partitions. About 4 KB each.</summary>
    public int GrainBudget { get; init; } = 20_000;

    /// <summary>What is put around the journal: nothing, but where a test ends a process at its writes.</summary>
    internal Func<IJournal, IJournal> AroundJournal { get; init; } = static journal => journal;

    /// <summary>Whether the tables that HQ may query are kept up (docs/schema.md).</summary>
    public bool HqTables { get; init; } = true;

    /// <summary>Folder of the parts of the journal that have left its database; every hub that may lead must see it. Empty: none has, and none does.</summary>
    public string PartsFolder { get; init; } = "";

    /// <summary>How long a part of the journal stays in the database after it is full; null = for ever.</summary>
    public TimeSpan? PartsAge { get; init; }

    /// <summary>How many records a part holds. Parts that are there stay as they are.</summary>
    public long PartRecords { get; init; } = 5_000_000;

    /// <summary>Whether tools may ask which services and messages there are (gRPC server reflection).</summary>
    public bool Reflection { get; init; }

    /// <summary>What the doors bear from anybody.</summary>
    public GrpcLimits Limits { get; init; } = new() { PingSeconds = 60 }; // an idle store is heard of every 48 s: a ping would be one packet more

    /// <summary>All that is wrong with these options, each with the key as it is written.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        var faults = new List<string>();
        void Check(bool fine, string fault)
        {
            if (!fine)
            {
                faults.Add(fault);
            }
        }

        Check(DataDirectory.Length > 0, "--data: name a folder.");
        Check(Storage.Length == 0 || Storage.StartsWith("Host=", StringComparison.OrdinalIgnoreCase), "--storage: a PostgreSQL connection string begins with Host=.");
        Check(!IsPreferred || Storage.Length > 0, "--prefer: only with --storage; a journal in a file has one hub.");
        Check(StorageLeaseMs is >= 500 and <= 600_000, "--storage-lease-ms: 500 to 600000.");
        Check(Advertise.Length == 0 || Uri.TryCreate(Advertise, UriKind.Absolute, out _), $"--advertise: '{Advertise}' is not of the form https://host:port.");
        Check(GrpcPort is >= 0 and <= 65535, "--port: 0 to 65535.");
        Check(HttpPort is >= 0 and <= 65535, "--http-port: 0 to 65535.");
        Check(!InsecureLoopback || IPAddress.IsLoopback(Address), "--insecure-loopback: only with a --listen on loopback; a hub never speaks in the clear on a network.");
        Check(!InsecureLoopback || CertificatePath.Length == 0, "--insecure-loopback: not with --cert and --key.");
        Check(StoreCertificateLife > TimeSpan.Zero && StoreCertificateLife <= TimeSpan.FromDays(825), "--store-certificate-days: 1 to 825.");
        Check(CertificatePath.Length == 0 || File.Exists(CertificatePath), $"--cert: there is no file {CertificatePath}.");
        Check((CertificatePath.Length == 0) == (KeyPath.Length == 0), "--cert and --key: give both or none.");
        Check(Partitions is >= 1 and <= 65536, "--partitions: 1 to 65536.");
        Check(Cell.IsValid, $"--cell: '{Cell}' is no cell; 2/3 is the second of three, and there are at most {Cell.Most}.");
        Check(!Cell.IsShared || !InsecureLoopback, "--cell: a chain of several cells needs certificates, by which its hubs know each other; leave --insecure-loopback out.");
        Check(CellHubs.Count == 0 || CellHubs.Count == Cell.Count, $"--cell-hubs: names the hubs of {CellHubs.Count} cells, but there are {Cell.Count}.");
        Check(CellHubs.Where((_, place) => place != Cell.Number - 1).All(hubs => hubs.Split(',').All(hub => Uri.TryCreate(hub.Trim(), UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps)), "--cell-hubs: 'here;https://a:7400,https://b:7400;https://c:7400': the hubs of each cell, with ; between cells; for its own a hub says here.");
        Check(LeaseHours is >= 0 and <= 8760, "--lease-hours: 0 (no limit) to 8760.");
        Check(ApprovalAboveMinor >= 0, "--approval-above: 0 (always a second person) or more, minor units.");
        Check(PartsAge is not { } age || age >= TimeSpan.Zero, "--keep-days: 0 or more.");
        Check(PartsAge is null || Storage.Length > 0, "--keep-days: only with --storage; a journal in a file is one file.");
        Check(PartsAge is null || PartsFolder.Length > 0, "--keep-days: name the folder for what leaves with --parts.");
        Check(PartRecords is >= 100 and <= 1_000_000_000, "--part-records: 100 to 1000000000.");
        Check(GrainBudget >= 1, "--grain-budget: 1 or more.");
        faults.AddRange((Limits with { LeastMessageKib = LeastMessageKib }).FindFaults());
        try
        {
            _ = LoadRuleset();
        }
        catch (Exception fault) when (fault is RulesetException or IOException or UnauthorizedAccessException)
        {
            faults.Add($"--ruleset: {fault.Message}");
        }

        try
        {
            var policy = LoadPlacement();
            Check(policy.UsualStores is >= 0 and <= 8, "--placement: usualStores must be 0 to 8.");
            Check(policy is { StrandedPermille: >= 0 and <= 100_000, StrandedWithFloorPermille: >= 0 and <= 100_000 }, "--placement: strandedPermille and strandedWithFloorPermille must be 0 to 100000.");
            Check(policy is { MinGainPermille: >= 0 and <= 1000, FloorWorthPermille: >= 0 and <= 1000 }, "--placement: minGainPermille and floorWorthPermille must be 0 to 1000.");
            Check(policy.MinHoldMs is >= 0 and <= 60_000, "--placement: minHoldMs must be 0 to 60000.");
            Check(policy.RevokeDeadlineMs is >= 1 and <= 10_000, "--placement: revokeDeadlineMs must be 1 to 10000.");
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            faults.Add($"--placement: {fault.Message}");
        }

        return faults;
    }

    /// <summary>Where the hub is reached by others.</summary>
    internal string AddressOn(int port) => Advertise.Length > 0 ? Advertise
        : new UriBuilder(InsecureLoopback ? "http" : "https", Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any) ? Environment.MachineName : Address.ToString(), port).Uri.GetLeftPart(UriPartial.Authority);

    internal PlacementPolicy LoadPlacement() => PlacementFile.Length == 0 ? Placement
        : JsonSerializer.Deserialize<PlacementPolicy>(File.ReadAllText(PlacementFile), PlacementJson) ?? throw new JsonException("The file is empty.");

    internal Ruleset LoadRuleset() => File.Exists(Ruleset) ? RulesetJson.Parse(File.ReadAllText(Ruleset)) : RulesetJson.Preset(Ruleset);
}
