using System.CommandLine;
using System.Net;
using SyncHub.Core.Primitives;
using SyncHub.Hub;
using SyncHub.Hub.Certificates;
using SyncHub.Storage;

namespace SyncHub.Cli;

/// <summary><c>synchub hub</c>: the centre of the chain.</summary>
internal static class HubCommand
{
    private static readonly Option<string> Data = new("--data") { Description = "Folder of the hub's database, token and logs.", Required = true };
    private static readonly Option<string> Storage = new("--storage") { Description = $"PostgreSQL instead of the file hub.db: {StorageSetting.Help}.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Advertise = new("--advertise") { Description = "Where stores reach this hub, https://host:port: what the hubs that stand by tell them. Empty = its own address.", DefaultValueFactory = _ => "" };
    private static readonly Option<bool> Prefer = new("--prefer") { Description = "This hub leads whenever it can: one without this option lets go when this one has stood by for a minute (twelve times --storage-lease-ms). With several cells each machine prefers its own." };
    private static readonly Option<int> StorageLeaseMs = new("--storage-lease-ms") { Description = "How long a hub that falls silent keeps the right to write to the database; another one that stands by leads after that.", DefaultValueFactory = _ => 5_000 };
    private static readonly Option<string> From = new("--from") { Description = "Folder of another hub of the same chain, or a copy of it: its secrets are taken over, so that this hub can lead in its place.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> AuthorityFrom = new("--authority-from") { Description = "Folder of a hub of the chain's first cell, or a copy of it: its authority is taken over, for the first hub of another cell.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Listen = new("--listen") { Description = "Address to listen on.", DefaultValueFactory = _ => "127.0.0.1" };
    private static readonly Option<int> Port = new("--port") { Description = "Port of agents and HQ programs (gRPC); 0 = any free one.", DefaultValueFactory = _ => 7400 };
    private static readonly Option<int> HttpPort = new("--http-port") { Description = "Port of the JSON view; 0 = any free one.", DefaultValueFactory = _ => 7401 };
    private static readonly Option<string> Certificate = new("--cert") { Description = "PEM file with a certificate chain for the JSON door, for browsers; empty = the hub's own certificate.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Key = new("--key") { Description = "PEM file with that certificate's key.", DefaultValueFactory = _ => "" };
    private static readonly Option<int> StoreCertificateDays = new("--store-certificate-days") { Description = "How long a store's certificate is valid; agents renew theirs after a third of it.", DefaultValueFactory = _ => 90 };
    private static readonly Option<bool> InsecureLoopback = new("--insecure-loopback") { Description = "No TLS, and a store is whoever says so: for trials on this machine only." };
    private static readonly Option<string[]> Names = new("--name") { Description = "A name or address by which stores and HQ reach the hub; may be given many times. Loopback is always among them.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string> Ruleset = new("--preset", "--ruleset") { Description = "youzan, shihui, jianyi, fanpu, or a ruleset file.", DefaultValueFactory = _ => "youzan" };
    private static readonly Option<string> Placement = new("--placement") { Description = "JSON file with the placement policy (docs/operations.md); empty = the defaults.", DefaultValueFactory = _ => "" };
    private static readonly Option<int> LeaseHours = new("--lease-hours") { Description = "How long a store may let members spend without hearing the hub; 0 = no limit." };
    private static readonly Option<int> Partitions = new("--partitions") { Description = "How many partitions; fixed at the first start.", DefaultValueFactory = _ => 256 };
    private static readonly Option<string> CellOption = new("--cell") { Description = "Which of the databases that share the chain's members this hub leads: 2/3 is the second of three (docs/hubs.md). Fixed at the first start.", DefaultValueFactory = _ => "1/1" };
    private static readonly Option<string> CellHubs = new("--cell-hubs") { Description = "Where the hubs of each cell are, 'here;https://b:7400,https://c:7400;https://d:7400': given to the hubs of cell 1, to which HQ comes.", DefaultValueFactory = _ => "" };
    private static readonly Option<bool> OnePerson = new("--one-person-is-enough") { Description = "Reclaims and high credit limits need no second person to approve them. For a chain that has but one." };
    private static readonly Option<long> ApprovalAbove = new("--approval-above") { Description = "Credit limits up to this, minor units, one person sets alone." };
    private static readonly Option<int> GrainBudget = new("--grain-budget") { Description = "How many members stay active in memory when idle.", DefaultValueFactory = _ => 20_000 };
    private static readonly Option<bool> Reflection = new("--reflection") { Description = "Lets tools such as grpcurl ask which services and messages there are." };

    private static readonly Option<bool> NoHqTables = new("--no-hq-tables") { Description = "Does not keep the tables that HQ may query with SQL (docs/schema.md)." };

    private static readonly Option<string> PartsFolder = new("--parts") { Description = "With --storage: folder of the parts of the journal that leave the database, one file each, read as before. Every hub that may lead must see it.", DefaultValueFactory = _ => "" };
    private static readonly Option<int?> KeepDays = new("--keep-days") { Description = "How many days a full part of the journal stays in the database before it leaves for --parts; without it for ever." };
    private static readonly Option<long> PartRecords = new("--part-records") { Description = "How many records a new part of the journal holds.", DefaultValueFactory = _ => 5_000_000 };

    private static readonly LimitFlags Limits = new(new HubOptions { DataDirectory = "" }.Limits);

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var run = new Command("run", "Runs the hub until it is told to stop.") { Data, Storage, Advertise, StorageLeaseMs, Prefer, Listen, Port, HttpPort, Certificate, Key, StoreCertificateDays, InsecureLoopback, Ruleset, Placement, LeaseHours, Partitions, CellOption, CellHubs, GrainBudget, OnePerson, ApprovalAbove, Reflection, NoHqTables, PartsFolder, KeepDays, PartRecords };
        Limits.AddTo(run);
        run.SetAction(RunAsync);
        var init = new Command("init", "Makes the hub's certificate authority and its certificate; where there is an authority, only a new certificate for these names.") { Data, Names, From, AuthorityFrom };
        init.SetAction((arguments, _) => InitAsync(arguments));
        return new Command("hub", "The centre: one member, one balance, one ledger.") { init, run, HubBackupCommand.CreateBackup(), HubBackupCommand.CreateRestore(), HqTablesCommand.Create(), HubKeysCommand.Create() };
    }

    private static async Task<int> InitAsync(ParseResult arguments)
    {
        var data = Path.GetFullPath(arguments.GetValue(Data)!);
        try
        {
            if (arguments.GetValue(From) is { Length: > 0 } from)
            {
                HubSetup.TakeOver(data, Path.GetFullPath(from));
            }

            if (arguments.GetValue(AuthorityFrom) is { Length: > 0 } first)
            {
                HubSetup.ShareAuthority(data, Path.GetFullPath(first));
            }

            var (isNew, fingerprint) = HubSetup.Init(data, arguments.GetValue(Names) ?? [], TimeProvider.System.GetUtcNow());
            await Console.Out.WriteLineAsync($"{(isNew ? "The authority is new" : "The authority stays; the hub has a new certificate")}. Fingerprint {fingerprint}. Programs of HQ trust the hub by {HubSetup.AuthorityFile(data)}.").ConfigureAwait(false);
            await Console.Out.WriteLineAsync($"Keep a copy of {Path.GetDirectoryName(HubSetup.AuthorityFile(data))} where nobody else can read it: it lies in no backup of the database. Start the hub: synchub hub run --data {data}").ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (Exception fault) when (fault is ArgumentException or IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        if (!IPAddress.TryParse(arguments.GetValue(Listen), out var address))
        {
            await Console.Error.WriteLineAsync("--listen: give an IP address, for example 127.0.0.1 or 0.0.0.0.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        if (!Cell.TryParse(arguments.GetValue(CellOption), out var cell))
        {
            await Console.Error.WriteLineAsync($"--cell: give a number and how many there are, for example 2/3; at most {Cell.Most}.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        string storage;
        try
        {
            storage = StorageSetting.Resolve(arguments.GetValue(Storage)!, "--storage");
        }
        catch (ArgumentException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }

        var options = new HubOptions
        {
            Storage = storage,
            StandsBy = storage.Length > 0,
            Advertise = arguments.GetValue(Advertise)!,
            StorageLeaseMs = arguments.GetValue(StorageLeaseMs),
            IsPreferred = arguments.GetValue(Prefer),
            DataDirectory = Path.GetFullPath(arguments.GetValue(Data)!),
            Address = address,
            GrpcPort = arguments.GetValue(Port),
            HttpPort = arguments.GetValue(HttpPort),
            CertificatePath = arguments.GetValue(Certificate)!,
            KeyPath = arguments.GetValue(Key)!,
            InsecureLoopback = arguments.GetValue(InsecureLoopback),
            StoreCertificateLife = TimeSpan.FromDays(Math.Clamp(arguments.GetValue(StoreCertificateDays), 0, 10_000)),
            Ruleset = arguments.GetValue(Ruleset)!,
            PlacementFile = arguments.GetValue(Placement)!,
            LeaseHours = arguments.GetValue(LeaseHours),
            Partitions = arguments.GetValue(Partitions),
            Cell = cell,
            CellHubs = arguments.GetValue(CellHubs)!.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            GrainBudget = arguments.GetValue(GrainBudget),
            OnePersonIsEnough = arguments.GetValue(OnePerson),
            ApprovalAboveMinor = arguments.GetValue(ApprovalAbove),
            Reflection = arguments.GetValue(Reflection),
            HqTables = !arguments.GetValue(NoHqTables),
            PartsFolder = arguments.GetValue(PartsFolder) is { Length: > 0 } parts ? Path.GetFullPath(parts) : "",
            PartsAge = arguments.GetValue(KeepDays) is { } days ? TimeSpan.FromDays(days) : null,
            PartRecords = arguments.GetValue(PartRecords),
            Limits = Limits.Of(arguments),
        };
        while (true)
        {
            var (end, ports) = await LeadAsync(options, cancellation).ConfigureAwait(false);
            if (end is { } code)
            {
                return code;
            }

            options = options with { GrpcPort = ports.Grpc, HttpPort = ports.Http }; // it stands by where stores know it
        }
    }

    // Until it is stopped or fails; null where another hub is to lead, and this one to stand by.
    private static async Task<(int? End, (int Grpc, int Http) Ports)> LeadAsync(HubOptions options, CancellationToken cancellation)
    {
        HubHost hub;
        try
        {
            hub = await HubHost.StartAsync(options, Logs.To(options.DataDirectory, "hub"), cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return (ExitCode.Ok, default); // stopped while it stood by
        }
        catch (Exception fault) when (fault is ArgumentException or JournalException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return (ExitCode.Usage, default);
        }

        await using (hub.ConfigureAwait(false))
        {
            await Console.Out.WriteLineAsync($"hub: agents and HQ programs on port {hub.GrpcPort}, JSON view on port {hub.HttpPort}").ConfigureAwait(false);
            var stop = Task.Delay(Timeout.Infinite, cancellation);
            var first = await Task.WhenAny(hub.Failed, hub.HandsOver, stop).ConfigureAwait(false);
            if (first == hub.Failed)
            {
                await Console.Error.WriteLineAsync($"hub: stopped. {(await hub.Failed.ConfigureAwait(false)).Message}").ConfigureAwait(false);
                return (ExitCode.Failed, default);
            }

            if (first == stop)
            {
                return (ExitCode.Ok, default);
            }

            await Console.Out.WriteLineAsync("hub: lets go; a hub that is preferred leads from here on").ConfigureAwait(false);
            return (null, (hub.GrpcPort, hub.HttpPort));
        }
    }
}
