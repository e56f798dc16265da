using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub approval</c>: what one person asked for and another one has to decide.</summary>
internal static class ApprovalCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "Which request." };
    private static readonly Option<bool> All = new("--all") { Description = "Decided ones too." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var list = new Command("list", "Shows what waits for a second person.") { All, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        list.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            foreach (var approval in await AllAsync(new Approvals.ApprovalsClient(channel), arguments.GetValue(All), headers, cancellation).ConfigureAwait(false))
            {
                await SayAsync(approval).ConfigureAwait(false);
            }
        }, cancellation));
        var approve = new Command("approve", "Approves a request and does what was asked for.") { Id, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        approve.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
            await SayAsync(await new Approvals.ApprovalsClient(channel).ApproveAsync(new DecideRequest { Id = arguments.GetValue(Id) }, headers, cancellationToken: cancellation)).ConfigureAwait(false), cancellation));
        var reject = new Command("reject", "Rejects a request.") { Id, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        reject.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
            await SayAsync(await new Approvals.ApprovalsClient(channel).RejectAsync(new DecideRequest { Id = arguments.GetValue(Id) }, headers, cancellationToken: cancellation)).ConfigureAwait(false), cancellation));
        return new Command("approval", "Acts that need a second person.") { list, approve, reject };
    }

    private static async Task<IReadOnlyList<Approval>> AllAsync(Approvals.ApprovalsClient client, bool closedToo, Metadata headers, CancellationToken cancellation)
    {
        var (all, request) = (new List<Approval>(), new ListApprovalsRequest { ClosedToo = closedToo });
        do
        {
            var page = await client.ListApprovalsAsync(request, headers, cancellationToken: cancellation);
            all.AddRange(page.Approvals);
            request.After = page.NextAfter;
        }
        while (request.After.Length > 0);
        return all;
    }

    /// <summary>Says one.</summary>
    public static Task SayAsync(Approval approval)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(approval.RequestedAtMs).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        var act = approval.Reclaim is { } reclaim ? string.Create(CultureInfo.InvariantCulture, $"reclaim store {reclaim.Store}{(reclaim.MemberId.Length > 0 ? " member " + reclaim.MemberId : "")}{(reclaim.OnlyDeadLives ? " dead lives" : "")}{(reclaim.Payer.Length > 0 ? " payer " + reclaim.Payer : "")}") : approval.CreditLimit is { } limit ? string.Create(CultureInfo.InvariantCulture, $"credit limit {limit.LimitMinor} of member {limit.MemberId}") : approval.Adjustment is { } adjustment ? string.Create(CultureInfo.InvariantCulture, $"adjust {adjustment.Kind} of member {adjustment.MemberId} by {adjustment.DeltaMinor} at store {adjustment.Store}") : approval.Refund is { } refund ? string.Create(CultureInfo.InvariantCulture, $"refund {refund.AmountMinor} of op {refund.Op.Store}/{refund.Op.Incarnation}/{refund.Op.Sequence} at store {(refund.Store > 0 ? refund.Store : refund.Op.Store)}") : approval.What;
        var decided = approval.DecidedBy.Length > 0 ? $", {approval.State} by {approval.DecidedBy}. {approval.Outcome}" : "";
        return Console.Out.WriteLineAsync($"{approval.Id}  {at}  {act}, asked by {approval.RequestedBy}: {approval.Reason}{decided}");
    }
}
