using System.CommandLine;
using System.Globalization;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub order</c>: what headquarters has a store book, once a second person has approved it.</summary>
internal static class OrderCommand
{
    private static readonly Option<string> Member = new("--id") { Description = "The member's number.", Required = true };
    private static readonly Option<int> Store = new("--store") { Description = "Which store books it.", Required = true };
    private static readonly Option<int> OtherStore = new("--store") { Description = "Which store books it; the one that sold where it is not said." };
    private static readonly Option<BucketKind> Kind = new("--kind") { Description = "Principal, Points or Lot (bonus).", DefaultValueFactory = _ => BucketKind.Principal };
    private static readonly Option<long> Delta = new("--delta") { Description = "Minor units or points; above zero gives, below takes.", Required = true };
    private static readonly Option<string> Op = new("--op") { Description = "The sale, as STORE/INCARNATION/SEQUENCE.", Required = true };
    private static readonly Option<long> AmountMinor = new("--amount") { Description = "How much of the sale, minor units.", Required = true };
    private static readonly Option<string> Reason = new("--reason") { Description = "Why; it stands in the op and in the audit trail.", Required = true };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var adjust = new Command("adjust", "Gives or takes value by hand.") { Member, Store, Kind, Delta, Reason, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        adjust.SetAction((arguments, cancellation) => AskAsync(arguments, new AskForRequest
        {
            Reason = arguments.GetValue(Reason),
            Adjustment = new OrderedAdjustment { MemberId = arguments.GetValue(Member), Store = arguments.GetValue(Store), Kind = arguments.GetValue(Kind), DeltaMinor = arguments.GetValue(Delta) },
        }, cancellation));
        var refund = new Command("refund", "Gives back part of a sale.") { Op, AmountMinor, OtherStore, Reason, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        refund.SetAction(async (arguments, cancellation) =>
        {
            if (ParseOp(arguments.GetValue(Op)!) is not { } op)
            {
                await Console.Error.WriteLineAsync("--op: three numbers, STORE/INCARNATION/SEQUENCE, as the receipt and `synchub case list` have them.").ConfigureAwait(false);
                return ExitCode.Usage;
            }

            return await AskAsync(arguments, new AskForRequest { Reason = arguments.GetValue(Reason), Refund = new OrderedRefund { Store = arguments.GetValue(OtherStore), Op = op, AmountMinor = arguments.GetValue(AmountMinor) } }, cancellation).ConfigureAwait(false);
        });
        return new Command("order", "Has a store book value by hand or a refund; another person approves it.") { adjust, refund };
    }

    private static Task<int> AskAsync(ParseResult arguments, AskForRequest request, CancellationToken cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
    {
        var asked = await new Approvals.ApprovalsClient(channel).AskForAsync(request, headers, cancellationToken: cancellation);
        await ApprovalCommand.SayAsync(asked).ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"Another person has to approve it within a week: synchub approval approve {asked.Id}").ConfigureAwait(false);
    }, cancellation);

    private static OpId? ParseOp(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 3 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var store) && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var incarnation)
            && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? new OpId { Store = store, Incarnation = incarnation, Sequence = sequence } : null;
    }
}
