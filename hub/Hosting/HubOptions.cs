using System.Net;
using SyncHub.Core.Members;
using SyncHub.Core.Rules;

namespace SyncHub.Hub;

/// <summary>How a hub is to run. Checked as a whole before anything starts.</summary>
public sealed record HubOptions
{
    /// <summary>The folder of its database, token and logs; made where there is none.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The address of both doors. Anything but loopback needs <see cref="CertificatePath"/>.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port of agents and HQ programs (gRPC); 0 = any free one.</summary>
    public int GrpcPort { get; init; } = 7400;

    /// <summary>Port of the JSON view; 0 = any free one.</summary>
    public int HttpPort { get; init; } = 7401;

    /// <summary>PEM file with the certificate chain; empty = no TLS, on loopback only.</summary>
    public string CertificatePath { get; init; } = "";

    /// <summary>PEM file with the certificate's key.</summary>
    public string KeyPath { get; init; } = "";

    /// <summary>A ruleset file, or the name of a preset.</summary>
    public string Ruleset { get; init; } = "youzan";

    /// <summary>How rights are placed.</summary>
    public PlacementPolicy Placement { get; init; } = new();

    /// <summary>P: how many partitions. Fixed when the hub is installed.</summary>
    public int Partitions { get; init; } = 256;

    /// <summary>How many members stay active in memory when idle, over all partitions. About 4 KB each.</summary>
    public int GrainBudget { get; init; } = 20_000;

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
        Check(GrpcPort is >= 0 and <= 65535, "--port: 0 to 65535.");
        Check(HttpPort is >= 0 and <= 65535, "--http-port: 0 to 65535.");
        Check(IPAddress.IsLoopback(Address) || CertificatePath.Length > 0, "--listen: an address other than loopback needs --cert and --key; a hub never speaks in the clear on a network.");
        Check(CertificatePath.Length == 0 || File.Exists(CertificatePath), $"--cert: there is no file {CertificatePath}.");
        Check((CertificatePath.Length == 0) == (KeyPath.Length == 0), "--cert and --key: give both or none.");
        Check(Partitions is >= 1 and <= 65536, "--partitions: 1 to 65536.");
        Check(GrainBudget >= 1, "--grain-budget: 1 or more.");
        try
        {
            _ = LoadRuleset();
        }
        catch (Exception fault) when (fault is RulesetException or IOException or UnauthorizedAccessException)
        {
            faults.Add($"--ruleset: {fault.Message}");
        }

        return faults;
    }

    internal Ruleset LoadRuleset() => File.Exists(Ruleset) ? RulesetJson.Parse(File.ReadAllText(Ruleset)) : RulesetJson.Preset(Ruleset);
}
