using System.CommandLine;
using System.Globalization;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub audit list</c>: who did what, and who read whose data.</summary>
internal static class AuditCommand
{
    private static readonly Option<string> Who = new("--who") { Description = "Only this one, for example \"user kim\" or \"token erp\".", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Member = new("--member") { Description = "Only what concerns this member.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> What = new("--what") { Description = "Only this method, for example Members/EraseMember.", DefaultValueFactory = _ => "" };
    private static readonly Option<DateTimeOffset?> Since = new("--since") { Description = "Only from this time on." };

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
        return new Command("audit", "Who did what, and who read whose data. `synchub verify` checks that nothing of it is missing.") { list };
    }

    private static string Line(AuditEntry entry)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(entry.AtMs).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        var asked = entry.RequestedBy.Length > 0 ? $" for {entry.RequestedBy}" : "";
        var store = entry.Store > 0 ? string.Create(CultureInfo.InvariantCulture, $"  store {entry.Store}") : "";
        return $"{at}  {entry.Who}{asked}  {entry.What}  {entry.Outcome}{(entry.MemberId.Length > 0 ? "  member " + entry.MemberId : "")}{store}{(entry.Detail.Length > 0 ? "  " + entry.Detail : "")}{(entry.From.Length > 0 ? "  from " + entry.From : "")}";
    }
}
