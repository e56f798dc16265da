using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub case list</c> and <c>synchub case close</c>: what waits for a person at HQ.</summary>
internal static class CaseCommand
{
    private static readonly Option<bool> All = new("--all") { Description = "Closed ones too." };
    private static readonly Option<string> Id = new("--id") { Description = "The case.", Required = true };
    private static readonly Option<string> By = new("--by") { Description = "Who closes it.", Required = true };
    private static readonly Option<string> Note = new("--note") { Description = "What was done.", Required = true };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var list = new Command("list", "Shows the open cases, oldest first.") { HqCall.Hub, HqCall.TokenFile, All };
        list.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, (channel, headers) => ListAsync(arguments, channel, headers, cancellation), cancellation));
        var close = new Command("close", "Closes a case with a note of what was done.") { HqCall.Hub, HqCall.TokenFile, Id, By, Note };
        close.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, (channel, headers) => CloseAsync(arguments, channel, headers, cancellation), cancellation));
        return new Command("case", "Accepted facts that need a person.") { list, close };
    }

    private static async Task ListAsync(ParseResult arguments, GrpcChannel channel, Metadata headers, CancellationToken cancellation)
    {
        var client = new Cases.CasesClient(channel);
        var request = new ListCasesRequest { State = arguments.GetValue(All) ? CaseState.Unspecified : CaseState.Open };
        do
        {
            var page = await client.ListCasesAsync(request, headers, cancellationToken: cancellation);
            foreach (var found in page.Cases)
            {
                await Console.Out.WriteLineAsync(Line(found)).ConfigureAwait(false);
            }

            request.AfterCaseId = page.NextAfter;
        }
        while (request.AfterCaseId.Length > 0);
    }

    private static async Task CloseAsync(ParseResult arguments, GrpcChannel channel, Metadata headers, CancellationToken cancellation)
    {
        var closed = await new Cases.CasesClient(channel).CloseCaseAsync(
            new CloseCaseRequest { CaseId = arguments.GetValue(Id), ClosedBy = arguments.GetValue(By), Note = arguments.GetValue(Note) }, headers, cancellationToken: cancellation);
        await Console.Out.WriteLineAsync(Line(closed)).ConfigureAwait(false);
    }

    private static string Line(Case found)
    {
        var opened = DateTimeOffset.FromUnixTimeMilliseconds(found.OpenedAtMs).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        var payer = found.PayerAccount.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {found.PayerAccount} bears {found.AmountMinor} {found.Asset}");
        var end = found.State == CaseState.Closed ? $" Closed by {found.ClosedBy}: {found.ClosingNote}" : $" To do: {found.Remedy}";
        return $"{found.CaseId}  {opened}  {found.Kind,-18}  store {found.Store}  member {found.MemberId}{payer}  {found.Note}{end}";
    }
}
