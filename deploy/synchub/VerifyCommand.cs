using System.CommandLine;
using SyncHub.Verify;

namespace SyncHub.Cli;

/// <summary><c>synchub verify</c>: the audit of what lies on the disks.</summary>
internal static class VerifyCommand
{
    private static readonly Option<string> Hub = new("--hub") { Description = "Folder of the hub.", Required = true };
    private static readonly Option<string> Storage = new("--storage") { Description = $"Its PostgreSQL database, where it runs on one: {StorageSetting.Help}.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Parts = new("--parts") { Description = "Folder of the parts that have left that database, as the hub's --parts.", DefaultValueFactory = _ => "" };
    private static readonly Option<string[]> Agents = new("--agent") { Description = "Folder of an agent; may be given many times.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<bool> Converged = new("--converged") { Description = "Every op is expected to have reached the hub." };
    private static readonly Option<bool> Json = new("--json") { Description = "Print the result as JSON." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var verify = new Command("verify", "Audits the books from the files alone: chains, ops, rights, wallets, accounts. Exit code 1 if anything is wrong.") { Hub, Storage, Parts, Agents, Converged, Json };
        verify.SetAction(Run);
        return verify;
    }

    private static int Run(ParseResult arguments)
    {
        var converged = arguments.GetValue(Converged);
        string storage;
        try
        {
            storage = StorageSetting.Resolve(arguments.GetValue(Storage)!, "--storage");
        }
        catch (ArgumentException fault)
        {
            Console.Error.WriteLine(fault.Message);
            return ExitCode.Usage;
        }

        var report = Audit.Run(arguments.GetValue(Hub)!, arguments.GetValue(Agents) ?? [], new AuditOptions { Storage = storage, Parts = arguments.GetValue(Parts)! });
        if (arguments.GetValue(Json))
        {
            using var output = Console.OpenStandardOutput();
            ReportWriter.WriteJson(report, converged, output);
        }
        else
        {
            ReportWriter.WriteText(report, converged, Console.Out);
        }

        return report.IsClean(converged) ? ExitCode.Ok : ExitCode.Failed;
    }
}
