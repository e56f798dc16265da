using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Till;

/// <summary>Finds the cell that a till's request concerns: by the member's number, by the life in an op's name, or by asking each.</summary>
/// <remarks>
/// Each cell's engine has a log, rights and a link of its own, so a cell that is out of reach holds up nobody of another one. What concerns all of them,
/// the end of the day and the store's state, is asked of each and put together. Thread rule: any thread.
/// </remarks>
internal sealed class CellSwitch(IReadOnlyList<CellCalls> cells)
{
    private readonly Cell _first = new(1, cells.Count);

    /// <summary>Decides a request.</summary>
    public async Task<EngineReply> AnswerAsync(IMessage request, Signed signed)
    {
        if (!_first.IsShared)
        {
            return await cells[0].AnswerAsync(request, signed);
        }

        if (!signed.Session.IsEmpty)
        {
            // Sessions are kept with the cashiers, in the first cell; the others are told the name.
            var shown = await cells[0].Loop.AskHereAsync(new SessionShown(cells[0].Loop.NowMs, signed.Session, request));
            if (shown.Cashier.Length == 0)
            {
                return shown;
            }

            signed = signed with { Session = default, Cashier = shown.Cashier };
        }

        return request switch
        {
            V1.RegisterRequest register => await RegisterAsync(register, signed),
            V1.IdentifyTillRequest identify => await FindAsync(identify, identify.Key, signed),
            V1.BalanceRequest balance => await FindAsync(balance, balance.Key, signed),
            V1.LastReceiptsRequest { MemberId: "" } last => await LastReceiptsAsync(last, signed),
            V1.CloseDayRequest close => await CloseDayAsync(close, signed),
            V1.StatusRequest => await StatusAsync(request, signed),
            V1.HandInRequest handIn => await cells[PlaceOf(HandedReceipts.Read(handIn.Code)?.Op.Id.Holder.Incarnation)].AnswerAsync(request, signed),
            _ => await cells[PlaceOf(request)].AnswerAsync(request, signed),
        };
    }

    // What names neither a member nor an op goes to the first cell, which says what is wrong with it.
    private int PlaceOf(IMessage request)
    {
        var fields = request.Descriptor;
        if (fields.FindFieldByName("member_id")?.Accessor.GetValue(request) is string text)
        {
            return MemberId.TryParse(text, out var id) ? _first.NumberOf(id) - 1 : 0;
        }

        return PlaceOf(fields.FindFieldByName("op")?.Accessor.GetValue(request) is V1.OpId op ? new Incarnation(op.Incarnation) : null);
    }

    private int PlaceOf(Incarnation? life) => life is { } known && known.Cell <= cells.Count ? known.Cell - 1 : 0;

    // One phone leads to one cell, so that two registrations of it meet there, as they do in a chain of one cell. A member whose phone was changed
    // later may be in another one: the others are asked too.
    private async Task<EngineReply> RegisterAsync(V1.RegisterRequest request, Signed signed)
    {
        var (phone, card) = (request.Phone.Trim(), request.Card.Trim());
        var place = _first.NumberOf(phone, card, request.RequestId) - 1;
        foreach (var other in Others(place))
        {
            if ((phone.Length > 0 && await other.KnowsAsync(new V1.MemberKey { Phone = phone })) || (card.Length > 0 && await other.KnowsAsync(new V1.MemberKey { Card = card })))
            {
                return new EngineReply
                {
                    Answer = Answers.Refusal(request, new V1.Rejection { Code = V1.RejectionCode.DuplicateClaim, Message = TillDesk.ContactTaken }),
                };
            }
        }

        return await cells[place].AnswerAsync(request, signed);
    }

    private async Task<EngineReply> FindAsync(IMessage request, V1.MemberKey? key, Signed signed)
    {
        if (key is null or { KeyCase: V1.MemberKey.KeyOneofCase.None } || (key.HasMemberId && !MemberId.TryParse(key.MemberId, out _)))
        {
            return await cells[0].AnswerAsync(request, signed);
        }

        if (key.HasMemberId)
        {
            _ = MemberId.TryParse(key.MemberId, out var id);
            return await cells[_first.NumberOf(id) - 1].AnswerAsync(request, signed);
        }

        var place = _first.NumberOf((key.HasPhone ? key.Phone : key.Card).Trim()) - 1;
        var reply = await cells[place].AnswerAsync(request, signed);
        foreach (var other in Others(place).TakeWhile(_ => reply.Answer is V1.IdentifyAnswer { Rejection.Code: V1.RejectionCode.UnknownMember }))
        {
            var found = await other.AnswerAsync(request, signed);
            reply = found.Answer is V1.IdentifyAnswer { Rejection.Code: V1.RejectionCode.UnknownMember } ? reply : found;
        }

        return reply;
    }

    private async Task<EngineReply> LastReceiptsAsync(V1.LastReceiptsRequest request, Signed signed)
    {
        var all = new List<V1.Receipt>();
        foreach (var cell in cells)
        {
            var reply = await cell.AnswerAsync(request, signed);
            if (reply.Answer is not V1.LastReceiptsAnswer answer)
            {
                return reply;
            }

            all.AddRange(answer.Receipts);
        }

        var last = new V1.LastReceiptsAnswer();
        last.Receipts.AddRange(all.OrderByDescending(receipt => receipt.OccurredAtMs).Take(TillDesk.ReceiptsIn(request)));
        return new EngineReply { Answer = last };
    }

    // The other cells first: what their ops put into the drawer is what the first one's count is compared with. Whoever is stopped in between repeats the
    // request, and each cell that has closed answers as before.
    private async Task<EngineReply> CloseDayAsync(V1.CloseDayRequest request, Signed signed)
    {
        var day = new V1.CloseDayAnswer();
        for (var place = cells.Count - 1; place >= 0; place--)
        {
            var reply = await cells[place].AnswerAsync(request, signed with { DrawerElsewhereMinor = place == 0 ? day.ExpectedCashMinor : null });
            if (reply.Answer is not V1.CloseDayAnswer { Rejection: null } closed)
            {
                return reply;
            }

            day.Op = closed.Op;
            day.SinceMs = day.SinceMs == 0 ? closed.SinceMs : closed.SinceMs == 0 ? day.SinceMs : Math.Min(day.SinceMs, closed.SinceMs);
            day.Sales += closed.Sales;
            day.SalesStoredValueMinor += closed.SalesStoredValueMinor;
            day.TopUps += closed.TopUps;
            day.TopUpCashMinor += closed.TopUpCashMinor;
            day.RefundsMinor += closed.RefundsMinor;
            day.ExpectedCashMinor += closed.ExpectedCashMinor;
            day.CashDifferenceMinor += closed.CashDifferenceMinor;
        }

        return new EngineReply { Answer = day };
    }

    private async Task<EngineReply> StatusAsync(IMessage request, Signed signed)
    {
        V1.StatusAnswer? all = null;
        for (var place = 0; place < cells.Count; place++)
        {
            var reply = await cells[place].AnswerAsync(request, signed);
            if (reply.Answer is not V1.StatusAnswer one)
            {
                return reply;
            }

            var status = new V1.CellStatus
            {
                Cell = place + 1,
                Online = one.Online,
                OfflineSinceMs = one.OfflineSinceMs,
                TipSequence = one.TipSequence,
                CommittedSequence = one.CommittedSequence,
                BacklogOps = one.BacklogOps,
                Locked = one.Locked,
                Trouble = one.Trouble,
                Members = one.Members,
                FeedPosition = one.FeedPosition,
            };
            all = all is null ? one : Join(all, one);
            all.Cells.Add(status);
        }

        return new EngineReply { Answer = all! };
    }

    // Of all cells together: the store is online where each of them is, and the worst of what hinders it is told.
    private static V1.StatusAnswer Join(V1.StatusAnswer all, V1.StatusAnswer one)
    {
        all.Online &= one.Online;
        all.OfflineSinceMs = Earliest(all.OfflineSinceMs, one.OfflineSinceMs);
        all.TipSequence += one.TipSequence;
        all.CommittedSequence += one.CommittedSequence;
        all.BacklogOps += one.BacklogOps;
        all.Locked |= one.Locked;
        all.Trouble = all.Trouble.Length > 0 ? all.Trouble : one.Trouble;
        all.Members += one.Members;
        all.RulesetVersion = Math.Min(all.RulesetVersion, one.RulesetVersion);
        all.ReceiptsWaiting += one.ReceiptsWaiting;
        all.SpendByMs = Earliest(all.SpendByMs, one.SpendByMs);
        all.FeedPosition += one.FeedPosition;
        return all;
    }

    private static long Earliest(long left, long right) => left == 0 ? right : right == 0 ? left : Math.Min(left, right);

    private IEnumerable<CellCalls> Others(int place) => cells.Where((_, other) => other != place);
}
