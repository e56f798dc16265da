using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using SyncHub.Storage.Files;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub audit list</c>: who did what, and who read whose data.</summary>
internal static class AuditCommand
{
    private static readonly Option<string> Who = new("--who") { Description = "Only this one, for example \"user kim\" or \"token erp\".", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Member = new("--member") { Description = "Only what concerns this member.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> What = new("--what") { Description = "Only this method, for example Members/EraseMember.", DefaultValueFactory = _ => "" };
    private static readonly Option<DateTimeOffset?> Since = new("--since") { Description = "Only from this time on." };

    private static readonly Option<string> Out = new("--out") { Description = "The file; must not be there yet.", Required = true };
    private static readonly Argument<string> In = new("file") { Description = "The file of `audit export`." };
    private static readonly Option<string> Tip = new("--tip") { Description = "The newest entry as an earlier export or check said it: it must be in the file.", DefaultValueFactory = _ => "" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var list = new Command("list", "Shows the audit trail, oldest first.") { Who, Member, What, Since, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        list.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var client = new AuditTrail.AuditTrailClient(channel);
            var request = new ListAuditRequest
            {
                Who = arguments.GetValue(Who),
                MemberId = arguments.GetValue(Member),
                What = arguments.GetValue(What),
                FromMs = arguments.GetValue(Since)?.ToUnixTimeMilliseconds() ?? 0,
            };
            do
            {
                var page = await client.ListAuditAsync(request, headers, cancellationToken: cancellation);
                foreach (var row in page.Rows)
                {
                    await Console.Out.WriteLineAsync(Line(row.Entry)).ConfigureAwait(false);
                }

                request.After = page.NextAfter;
            }
            while (request.After.Length > 0);
        }, cancellation));
        var export = new Command("export", "Writes the whole trail into a file that proves itself, and says its newest entry: keep that elsewhere.") { Out, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        export.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, (channel, headers) => ExportAsync(arguments.GetValue(Out)!, new AuditTrail.AuditTrailClient(channel), headers, cancellation), cancellation));
        var check = new Command("check", "Checks such a file, without a hub: nothing in between is missing or changed, and an entry that was kept is in it.") { In, Tip };
        check.SetAction(CheckAsync);
        return new Command("audit", "Who did what, and who read whose data. `synchub verify` checks that nothing of it is missing.") { list, export, check };
    }

    private static async Task ExportAsync(string path, AuditTrail.AuditTrailClient client, Metadata headers, CancellationToken cancellation)
    {
        var request = new ListAuditRequest { WithBytes = true, Limit = 1000 };
        var (entries, tip) = (0L, "");
        await using var file = new FileStream(Path.GetFullPath(path), PrivateFile.Options(FileMode.CreateNew));
        await using var writer = new StreamWriter(file);
        do
        {
            var page = await client.ListAuditAsync(request, headers, cancellationToken: cancellation);
            foreach (var row in page.Rows)
            {
                await writer.WriteLineAsync(AuditFile.LineOf(row)).ConfigureAwait(false);
                (entries, tip) = (entries + 1, $"{row.Place}={Convert.ToHexStringLower(row.Hash.Span)}");
            }

            request.After = page.NextAfter;
        }
        while (request.After.Length > 0);
        await writer.FlushAsync(cancellation).ConfigureAwait(false);
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{entries} entries lie in {Path.GetFullPath(path)}. The newest: {tip}")).ConfigureAwait(false);
    }

    private static async Task<int> CheckAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var path = arguments.GetValue(In)!;
        if (!File.Exists(path))
        {
            await Console.Error.WriteLineAsync($"{path} is not there.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        var (faults, entries, tip) = AuditFile.Check(File.ReadLines(path), arguments.GetValue(Tip)!);
        foreach (var fault in faults)
        {
            await Console.Out.WriteLineAsync(fault).ConfigureAwait(false);
        }

        await Console.Out.WriteLineAsync(faults.Count == 0 ? string.Create(CultureInfo.InvariantCulture, $"{entries} entries, whole. The newest: {tip}") : string.Create(CultureInfo.InvariantCulture, $"{entries} entries, {faults.Count} faults.")).ConfigureAwait(false);
        return faults.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static string Line(AuditEntry entry)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(entry.AtMs).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        var asked = entry.RequestedBy.Length > 0 ? $" for {entry.RequestedBy}" : "";
        var store = entry.Store > 0 ? string.Create(CultureInfo.InvariantCulture, $"  store {entry.Store}") : "";
        return $"{at}  {entry.Who}{asked}  {entry.What}  {entry.Outcome}{(entry.MemberId.Length > 0 ? "  member " + entry.MemberId : "")}{store}{(entry.Detail.Length > 0 ? "  " + entry.Detail : "")}{(entry.From.Length > 0 ? "  from " + entry.From : "")}";
    }
}
