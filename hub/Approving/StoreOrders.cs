using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Refunds;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Approving;

/// <summary>What two people ordered and a store has to book: sent to it whenever it connects, until it says what came of it.</summary>
/// <remarks>
/// The hub never originates value (docs/protocol.md): the store logs the op under the order's id, so it is booked once however often the order is sent, and a hub that
/// was restored has it back from the store's log. Before an order is sent again its member's ops are searched for it: a store that was replaced meanwhile
/// has forgotten what it booked, but not the hub. Thread-safe; it waits for nothing but commits.
/// </remarks>
internal sealed class StoreOrders(HubParts parts)
{
    /// <summary>What the request id of an order begins with.</summary>
    public const string RequestPrefix = "hq-";

    private const int Page = 200; // records of a member that are looked at in one go
    private const string NoWords = "The store refused, and did not say why.";
    private readonly Lazy<ConcurrentDictionary<string, Waiting>> _waiting = new(() => new(parts.Approvals.Those(static approval => approval.State == ApprovalState.Approved && StoreOf(approval) > 0)
        .Select(approval => KeyValuePair.Create(approval.Id, new Waiting(approval))), StringComparer.Ordinal));

    /// <summary>Which store has to book it; 0 for what the hub does itself.</summary>
    public static int StoreOf(Approval approval) => approval switch
    {
        { Adjustment: { } adjustment } => adjustment.Store,
        { Refund: { } refund } => refund.Store > 0 ? refund.Store : refund.Op.Store,
        _ => 0,
    };

    /// <summary>Has a store book what was approved, and waits a little for its answer.</summary>
    /// <returns>It as it is then: APPROVED while the store is away.</returns>
    public async Task<Approval> GiveAsync(Approval approved, TimeSpan patience, CancellationToken cancellation)
    {
        var waiting = _waiting.Value.GetOrAdd(approved.Id, _ => new Waiting(approved));
        if (await SendAsync(waiting).ConfigureAwait(false))
        {
            await waiting.Answered.Task.WaitAsync(patience, parts.Time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return parts.Approvals.Find(approved.Id)!;
    }

    /// <summary>A store is here: it is told what waits for it.</summary>
    public void OnWelcomed(StoreId store)
    {
        foreach (var waiting in _waiting.Value.Values.Where(waiting => waiting.Store == store.Value))
        {
            _ = LoggedAsync(SendAsync(waiting));
        }
    }

    /// <summary>A store says what came of an order.</summary>
    public void OnReply(StoreId store, StoreOrderReply reply)
    {
        if (_waiting.Value.TryGetValue(reply.Id, out var waiting) && waiting.Store == store.Value)
        {
            _ = LoggedAsync(EndAsync(waiting, reply.Op, TextCheck.FindFault(reply) is not null || reply.Refusal.Length == 0 ? NoWords : reply.Refusal));
        }
    }

    /// <summary>An order that was taken back before any store was told.</summary>
    public void Forget(string id) => _waiting.Value.TryRemove(id, out _);

    // That it is being sent is durable first: from then on nobody may take it back.
    private async Task<bool> SendAsync(Waiting waiting)
    {
        if (waiting.Approval.SentAtMs > 0 && FindBooked(waiting.Approval) is { } booked)
        {
            await EndAsync(waiting, booked, "").ConfigureAwait(false);
            return true;
        }

        if (parts.Links.Find(new StoreId(waiting.Store)) is not { IsOnline: true } link)
        {
            return false;
        }

        var sent = await parts.Approvals.ChangeAsync(waiting.Approval.Id, known => known!.SentAtMs > 0 || known.State != ApprovalState.Approved ? known : new Approval(known) { SentAtMs = parts.NowMs() }).ConfigureAwait(false);
        if (sent.State == ApprovalState.Approved)
        {
            waiting.Approval = sent;
            link.Send(new HubFrame { Order = OrderOf(sent) });
        }

        return true;
    }

    private async Task EndAsync(Waiting waiting, V1.OpId? op, string refusal)
    {
        await parts.Approvals.ChangeAsync(waiting.Approval.Id, known => known!.State != ApprovalState.Approved ? known : new Approval(known)
        {
            State = op is null ? ApprovalState.Refused : ApprovalState.Done,
            Outcome = op is null ? $"Store {waiting.Store} booked nothing: {refusal}" : $"Booked as op {op.Sequence} of store {op.Store}, incarnation {op.Incarnation}.",
        }).ConfigureAwait(false);
        _waiting.Value.TryRemove(waiting.Approval.Id, out _);
        waiting.Answered.TrySetResult();
    }

    private async Task LoggedAsync(Task work)
    {
        try
        {
            await work.ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            parts.Log.LogError(fault, "An order could not be sent or noted; it goes on when its store connects again");
        }
    }

    private V1.OpId? FindBooked(Approval approval)
    {
        var member = approval.Adjustment is { } adjustment ? Parsed(adjustment.MemberId) : OriginalOps.FindDurable(parts.Journal, OpIdCodec.ToCore(approval.Refund.Op))?.Member;
        for (var (next, isMore) = (1L, member is not null); isMore;)
        {
            var page = parts.Journal.ReadRecords(new StreamId(member!.Value.Value), next, Page);
            if (page.Select(BookedBy).FirstOrDefault(op => op is not null) is { } found)
            {
                return found;
            }

            (next, isMore) = (next + page.Count, page.Count > 0);
        }

        return null;

        V1.OpId? BookedBy(StoredRecord record) => record.FactBytes is { } bytes && OpEnvelope.Parser.ParseFrom(bytes) is { } op && op.RequestId == RequestPrefix + approval.Id ? op.Id : null;
    }

    private static MemberId? Parsed(string text) => MemberId.TryParse(text, out var id) ? id : null;

    private static StoreOrder OrderOf(Approval approval)
    {
        var order = new StoreOrder { Id = approval.Id, OrderedBy = approval.RequestedBy, ApprovedBy = approval.DecidedBy, Reason = approval.Reason };
        if (approval.Adjustment is { } adjustment)
        {
            order.Adjustment = adjustment;
        }
        else
        {
            order.Refund = approval.Refund;
        }

        return order;
    }

    private sealed class Waiting(Approval approval)
    {
        public int Store { get; } = StoreOf(approval);

        public Approval Approval { get; set; } = approval;

        public TaskCompletionSource Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
