using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Receipts;
using SyncHub.Agent.Sync;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Till;

/// <summary>What a till's call means in one cell: its engine decides; while there is a hub, it is asked for news or rights before a refusal is final.</summary>
/// <remarks>
/// Thread rule: any thread. Crash rule: none of its own; an answer that was lost on the way is given again to the same request_id.
/// A till that hangs up changes nothing: what it asked for is decided all the same, and told when it asks again.
/// </remarks>
public sealed class CellCalls(AgentLoop loop, IHubLink link, Cell cell)
{
    private const int MostRounds = 3; // each costs at most one checkout deadline; more would keep the customer waiting
    private const int EntropyBytes = 10;
    private const string OrderPrefix = "hq-"; // an order's id is its request id: it is booked once
    private const string Headquarters = "headquarters";
    private const int ClosingPage = 500; // members looked at in one go: a till that calls meanwhile waits for milliseconds

    /// <summary>The engine's shell.</summary>
    internal AgentLoop Loop => loop;

    /// <summary>Decides any request message of the service, but for signing in and out.</summary>
    internal Task<EngineReply> AnswerAsync(IMessage request, Signed signed) => request switch
    {
        V1.RegisterRequest register => RegisterAsync(register, signed),
        V1.IdentifyTillRequest identify => IdentifyAsync(identify, signed),
        V1.ShowReceiptRequest show => ShowAsync(show),
        V1.HandInRequest handIn => HandInAsync(handIn),
        V1.CloseDayRequest => CloseDayAsync(request, signed),
        V1.TopUpRequest or V1.SaleRequest or V1.RedeemRequest or V1.VoidRequest or V1.RefundRequest
            or V1.TenderRequest or V1.RejectTenderRequest or V1.AdjustRequest => PayAsync(request, signed),
        _ => loop.AskHereAsync(NewCall(request, signed)),
    };

    /// <summary>Whether a member has a phone or card, as far as this store knows or else the hub of the cell; false where neither knows one.</summary>
    internal async Task<bool> KnowsAsync(V1.MemberKey key)
    {
        var reply = await loop.AskHereAsync(NewCall(new V1.BalanceRequest { Key = key }));
        return reply.Answer is V1.IdentifyAnswer { OutcomeCase: V1.IdentifyAnswer.OutcomeOneofCase.Member }
            || (link.IsOnline && ToHub(key, prefetch: false) is { } question && await link.IdentifyAsync(question) is { Member: not null });
    }

    /// <summary>Books what headquarters ordered, as a till would have it booked: once, however often the order comes.</summary>
    /// <returns>What came of it; null where the agent cannot say now, and the order must come again.</returns>
    public async Task<V1.StoreOrderReply?> DoAsync(V1.StoreOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        IMessage? request = order.ActCase switch
        {
            V1.StoreOrder.ActOneofCase.Adjustment => new V1.AdjustRequest { RequestId = OrderPrefix + order.Id, MemberId = order.Adjustment.MemberId, Kind = order.Adjustment.Kind, DeltaMinor = order.Adjustment.DeltaMinor, Reason = order.Reason, Terminal = Headquarters, Operator = order.OrderedBy },
            V1.StoreOrder.ActOneofCase.Refund => new V1.RefundRequest { RequestId = OrderPrefix + order.Id, Op = order.Refund.Op, AmountMinor = order.Refund.AmountMinor, Terminal = Headquarters, Operator = order.OrderedBy },
            _ => null,
        };
        if (request is null || TextCheck.FindFault(order) is not null || order.OrderedBy.Length == 0)
        {
            return new V1.StoreOrderReply { Id = order.Id, Refusal = "This store's agent does not know such an order. Update it, and order again." };
        }

        try
        {
            return (await PayAsync(request, new Signed(default, order.ApprovedBy, order.OrderedBy))).Answer switch
            {
                V1.OpAnswer { Receipt: { } receipt } => new V1.StoreOrderReply { Id = order.Id, Op = receipt.Op },
                V1.OpAnswer { Rejection: { Code: not (V1.RejectionCode.AgentLocked or V1.RejectionCode.StorageUnavailable) } rejection } => new V1.StoreOrderReply { Id = order.Id, Refusal = rejection.Message },
                _ => null,
            };
        }
        catch (AgentBusyException)
        {
            return null; // it comes again with the next connection
        }
    }

    private async Task<EngineReply> PayAsync(IMessage request, Signed signed)
    {
        var reply = await loop.AskHereAsync(NewCall(request, signed));
        var (hasNews, hasAskedRight) = (false, false);
        for (var round = 0; round < MostRounds && link.IsOnline; round++)
        {
            HubNews? news;
            if (reply.NeedsNews && reply.Wanted.Count == 0 && !hasNews)
            {
                hasNews = true;
                news = await link.IdentifyAsync(new V1.IdentifyRequest { Member = UnsafeByteOperations.UnsafeWrap(reply.Member.ToBytes()), Prefetch = true });
            }
            else if (reply.WantedRefundRight is { } op && !hasAskedRight)
            {
                hasAskedRight = true;
                news = await link.AskRefundRightAsync(op, since: reply.TipSequence + 1);
            }
            else if (reply.Wanted.Count > 0)
            {
                news = await link.AskRightsAsync(reply.Member, reply.Wanted);
            }
            else
            {
                break;
            }

            if (news is null)
            {
                break;
            }

            var wanted = reply.Wanted;
            reply = await loop.AskHereAsync(NewCall(request, signed) with { News = [news], RevokedMinor = reply.RevokedMinor });
            if (wanted.Count > 0 && reply.Wanted.SequenceEqual(wanted))
            {
                break; // the hub gave nothing: asking the same again only makes the customer wait
            }
        }

        // All that could be had was asked for: what is still missing goes on account, where the rules or HQ allow it.
        return reply.CouldUseCredit ? await loop.AskHereAsync(NewCall(request, signed) with { MayUseCredit = true, RevokedMinor = reply.RevokedMinor }) : reply;
    }

    // What expired is of no use here any more; handed back it goes to breakage. A page that cannot be written waits for the slow round of idle rights.
    private async Task<EngineReply> CloseDayAsync(IMessage request, Signed signed)
    {
        var closed = await loop.AskHereAsync(NewCall(request, signed) with { DrawerElsewhereMinor = signed.DrawerElsewhereMinor });
        if (closed.Answer is V1.CloseDayAnswer { Rejection: null })
        {
            for (byte[]? next = []; next is not null;)
            {
                next = (await loop.AskHereAsync(new ReturnIdleRights(loop.NowMs, UnusedSinceMs: long.MinValue, next, ClosingPage))).NextKey;
            }
        }

        return closed;
    }

    // The picture is drawn here: the engine has tills waiting.
    private async Task<EngineReply> ShowAsync(V1.ShowReceiptRequest request)
    {
        var reply = await loop.AskHereAsync(NewCall(request));
        if (reply.Answer is V1.ShowReceiptAnswer { Rejection: null } answer && request.Form != V1.CodeForm.Unspecified)
        {
            var (bytes, mediaType) = CodePicture.Draw(answer.Receipt.Code, request.Form);
            (answer.Picture, answer.MediaType) = (UnsafeByteOperations.UnsafeWrap(bytes), mediaType);
        }

        return reply;
    }

    // Kept first, so that it is not lost whatever happens to the hub or to this process.
    private async Task<EngineReply> HandInAsync(V1.HandInRequest request)
    {
        var reply = await loop.AskHereAsync(NewCall(request));
        return reply.Answer is V1.HandInAnswer { Outcome: V1.ReceiptOutcome.Queued } && link.IsOnline && HandedReceipts.Read(request.Code) is { } read && await link.HandInAsync(read.Receipt) is { } news
            ? await loop.AskHereAsync(NewCall(request) with { News = [news] })
            : reply;
    }

    // The store answers by itself where it can: a round trip at every scan would be most of what the chain sends.
    private async Task<EngineReply> IdentifyAsync(V1.IdentifyTillRequest request, Signed signed)
    {
        var reply = await loop.AskHereAsync(NewCall(request, signed));
        return reply.NeedsNews && link.IsOnline && ToHub(request.Key, prefetch: true) is { } question && await link.IdentifyAsync(question) is { } news
            ? await loop.AskHereAsync(NewCall(request, signed) with { News = [news] })
            : reply;
    }

    // While there is a hub it knows best whose a phone or card is; what it says lands in the local index before the store decides.
    private async Task<EngineReply> RegisterAsync(V1.RegisterRequest request, Signed signed)
    {
        var news = new List<HubNews>();
        foreach (var key in new[] { new V1.MemberKey { Phone = request.Phone.Trim() }, new V1.MemberKey { Card = request.Card.Trim() } })
        {
            if (link.IsOnline && ToHub(key, prefetch: false) is { } question && await link.IdentifyAsync(question) is { } answer)
            {
                news.Add(answer);
            }
        }

        return await loop.AskHereAsync(NewCall(request, signed) with { News = news, Cell = cell, Entropy = RandomNumberGenerator.GetBytes(EntropyBytes) });
    }

    private static V1.IdentifyRequest? ToHub(V1.MemberKey? key, bool prefetch) => key switch
    {
        { HasMemberId: true } => MemberId.TryParse(key.MemberId, out var id)
            ? new V1.IdentifyRequest { Member = UnsafeByteOperations.UnsafeWrap(id.ToBytes()), Prefetch = prefetch } : null,
        { HasPhone: true } when key.Phone.Trim().Length > 0 => new V1.IdentifyRequest { Phone = key.Phone.Trim(), Prefetch = prefetch },
        { HasCard: true } when key.Card.Trim().Length > 0 => new V1.IdentifyRequest { Card = key.Card.Trim(), Prefetch = prefetch },
        _ => null,
    };

    private TillCall NewCall(IMessage request) => NewCall(request, default);

    private TillCall NewCall(IMessage request, Signed signed) => new(loop.NowMs, request, link.IsOnline) { OfflineSinceMs = link.OfflineSinceMs, ElapsedMs = loop.ElapsedMs, Session = signed.Session, Approver = signed.Approver ?? "", Cashier = signed.OrderedBy is { Length: > 0 } orderedBy ? orderedBy : signed.Cashier ?? "", IsOrdered = signed.OrderedBy is { Length: > 0 } };
}
