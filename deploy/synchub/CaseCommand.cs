using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub case</c>: what waits for a person at HQ.</summary>
internal static class CaseCommand
{
    private static readonly Option<bool> All = new("--all") { Description = "Closed ones too." };
    private static readonly Option<string> Id = new("--id") { Description = "The case.", Required = true };
    private static readonly Option<string> By = new("--by") { Description = "Who closes it, where a program calls; a person who is signed in is recorded by name.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Note = new("--note") { Description = "What was done.", Required = true };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var list = new Command("list", "Shows the open cases, oldest first.") { HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile, All };
        list.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, (channel, headers) => ListAsync(arguments, channel, headers, cancellation), cancellation));
        var close = new Command("close", "Closes a case with a note of what was done.") { HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile, Id, By, Note };
        close.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, (channel, headers) => CloseAsync(arguments, channel, headers, cancellation), cancellation));
        var parked = new Command("parked", "Shows the ops that could not be decided, and those that wait behind them.") { HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        parked.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, (channel, headers) => ParkedAsync(channel, headers, cancellation), cancellation));
        var resume = new Command("resume", "Takes up what waits in the chain of a parked op, in order, and closes the cases.") { HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile, Id, By };
        resume.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, (channel, headers) => ResumeAsync(arguments, channel, headers, cancellation), cancellation));
        return new Command("case", "Accepted facts that need a person.") { list, close, parked, resume };
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

    private static async Task ParkedAsync(GrpcChannel channel, Metadata headers, CancellationToken cancellation)
    {
        var request = new ListParkedRequest();
        do
        {
            var page = await new Cases.CasesClient(channel).ListParkedAsync(request, headers, cancellationToken: cancellation);
            foreach (var op in page.Ops)
            {
                await Console.Out.WriteLineAsync(Line(op)).ConfigureAwait(false);
            }

            request.After = page.NextAfter;
        }
        while (request.After.Length > 0);
    }

    private static async Task ResumeAsync(ParseResult arguments, GrpcChannel channel, Metadata headers, CancellationToken cancellation)
    {
        var resumed = await new Cases.CasesClient(channel).ResumeParkedAsync(new ResumeParkedRequest { CaseId = arguments.GetValue(Id), Operator = arguments.GetValue(By) }, headers, cancellationToken: cancellation);
        foreach (var op in resumed.Resumed)
        {
            await Console.Out.WriteLineAsync($"taken up: {Line(op)}").ConfigureAwait(false);
        }
    }

    private static string Line(ParkedOp op) =>
        string.Create(CultureInfo.InvariantCulture, $"{op.CaseId}  store {op.Op.Store}, op {op.Op.Sequence} ({op.Type}) of member {op.MemberId}: {op.Reason}");

    private static string Line(Case found)
    {
        var opened = DateTimeOffset.FromUnixTimeMilliseconds(found.OpenedAtMs).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        var payer = found.PayerAccount.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {found.PayerAccount} bears {found.AmountMinor} {found.Asset}");
        var end = found.State == CaseState.Closed ? $" Closed by {found.ClosedBy}: {found.ClosingNote}" : $" To do: {found.Remedy}";
        return $"{found.CaseId}  {opened}  {found.Kind,-18}  store {found.Store}  member {found.MemberId}{payer}  {found.Note}{end}";
    }
}
