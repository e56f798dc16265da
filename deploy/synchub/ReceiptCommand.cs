using System.CommandLine;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub receipt</c>: shows the code of a receipt, and hands one in: at a store's till, or at HQ.</summary>
internal static class ReceiptCommand
{
    private static readonly Option<string> Till = new("--till") { Description = "The agent's gRPC address for tills, for example http://127.0.0.1:7500." };
    private static readonly Option<long> Sequence = new("--sequence") { Description = "The op's number as printed; 0 = the newest receipt." };
    private static readonly Option<CodeForm> Form = new("--form") { Description = "Text, Svg or Png.", DefaultValueFactory = _ => CodeForm.Text };
    private static readonly Option<string> Out = new("--out") { Description = "A file for the picture; empty = the terminal.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Code = new("--code") { Description = "The code as scanned (SH1:...), or @file.", Required = true };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var show = new Command("show", "Shows the code of a receipt of this store.") { Till, Sequence, Form, Out };
        show.SetAction((arguments, cancellation) => RunAsync(arguments, channel => ShowAsync(arguments, channel, cancellation), cancellation));
        var handIn = new Command("hand-in", "Hands in a receipt of any store: at a till (--till), or at HQ (--hub, --token-file).") { Till, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile, Code };
        handIn.SetAction((arguments, cancellation) => RunAsync(arguments, channel => HandInAsync(arguments, channel, cancellation), cancellation));
        return new Command("receipt", "Receipts carry their op: they prove it when its store cannot.") { show, handIn };
    }

    private static async Task<int> ShowAsync(ParseResult arguments, GrpcChannel channel, CancellationToken cancellation)
    {
        var till = new Till.TillClient(channel);
        var op = await FindAsync(till, arguments.GetValue(Sequence), cancellation).ConfigureAwait(false);
        if (op is null)
        {
            await Console.Error.WriteLineAsync("This store has printed no such receipt.").ConfigureAwait(false);
            return ExitCode.Failed;
        }

        var shown = await till.ShowReceiptAsync(new ShowReceiptRequest { Op = op, Form = arguments.GetValue(Form) }, cancellationToken: cancellation);
        if (shown.Rejection is { } refusal)
        {
            await Console.Error.WriteLineAsync(refusal.Message).ConfigureAwait(false);
            return ExitCode.Failed;
        }

        if (arguments.GetValue(Out) is { Length: > 0 } path)
        {
            await File.WriteAllBytesAsync(path, shown.Picture.ToByteArray(), cancellation).ConfigureAwait(false);
        }
        else if (arguments.GetValue(Form) != CodeForm.Png)
        {
            await Console.Out.WriteLineAsync(Encoding.UTF8.GetString(shown.Picture.Span)).ConfigureAwait(false);
        }

        await Console.Out.WriteLineAsync(FormattableString.Invariant($"op {op.Store}/{op.Incarnation}/{op.Sequence}, member {shown.Receipt.MemberId}, {shown.Receipt.Type}")).ConfigureAwait(false);
        await Console.Out.WriteLineAsync(shown.Receipt.Code).ConfigureAwait(false);
        return ExitCode.Ok;
    }

    private static async Task<OpId?> FindAsync(Till.TillClient till, long sequence, CancellationToken cancellation)
    {
        var newest = (await till.LastReceiptsAsync(new LastReceiptsRequest { Limit = 1 }, cancellationToken: cancellation)).Receipts.FirstOrDefault()?.Op;
        return newest is null || sequence == 0 ? newest : new OpId { Store = newest.Store, Incarnation = newest.Incarnation, Sequence = sequence };
    }

    private static async Task<int> HandInAsync(ParseResult arguments, GrpcChannel channel, CancellationToken cancellation)
    {
        var given = arguments.GetValue(Code)!;
        var code = given.StartsWith('@') ? await File.ReadAllTextAsync(given[1..], cancellation).ConfigureAwait(false) : given;
        if (arguments.GetValue(Till) is { Length: > 0 })
        {
            var taken = await new Till.TillClient(channel).HandInReceiptAsync(new HandInRequest { Code = code }, cancellationToken: cancellation);
            return await TellAsync(taken.Rejection is null ? taken.Outcome : ReceiptOutcome.Refused, taken.Rejection?.Message ?? taken.Note).ConfigureAwait(false);
        }

        var token = await HqCall.TokenAsync(arguments, cancellation).ConfigureAwait(false);
        var answer = await new Receipts.ReceiptsClient(channel).HandInAsync(new HandInReceiptRequest { Code = code }, new Metadata { { "authorization", "Bearer " + token } }, cancellationToken: cancellation);
        return await TellAsync(answer.Outcome, answer.Note).ConfigureAwait(false);
    }

    private static async Task<int> TellAsync(ReceiptOutcome outcome, string note)
    {
        await Console.Out.WriteLineAsync($"{outcome}: {note}").ConfigureAwait(false);
        return outcome == ReceiptOutcome.Refused ? ExitCode.Failed : ExitCode.Ok;
    }

    private static async Task<int> RunAsync(ParseResult arguments, Func<GrpcChannel, Task<int>> call, CancellationToken cancellation)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            using var channel = arguments.GetValue(Till) is { Length: > 0 } till ? GrpcChannel.ForAddress(till) : HqCall.Open(arguments);
            return await call(channel).ConfigureAwait(false);
        }
        catch (RpcException fault)
        {
            await Console.Error.WriteLineAsync($"It said {fault.StatusCode}: {fault.Status.Detail}").ConfigureAwait(false);
            return ExitCode.Failed;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or UriFormatException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
    }
}
