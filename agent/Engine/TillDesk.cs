using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Rules;
using Calendar = SyncHub.Core.Rules.Calendar;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>Answers tills: looks members up, lets <see cref="TillMachine"/> decide, and books what it decided.</summary>
/// <remarks>Owned by the engine; not thread-safe. What it books is durable only with the engine's batch.</remarks>
internal sealed partial class TillDesk(Workspace work, MemberShelf members, AgentMemory memory, OpenOps open, string storeName)
{
    /// <summary>Why a registration is refused whose phone or card has a member.</summary>
    public const string ContactTaken = "A member with this phone or card exists already. Identify that member instead, or register with another phone and card.";

    private const string OwnOps = "own";
    private const int MostReceipts = 100;
    private const int UsualReceipts = 10;
    private const int ReceiptSearchDepth = 2000; // ops looked through for one member's receipts

    private readonly RequestBook _requests = new(work);
    private readonly DayBook _day = new(work, memory);
    private readonly RefundRights _rights = new(work);

    /// <summary>The codes of receipts.</summary>
    public ReceiptCodes Receipts { get; } = new(work);

    /// <summary>Until when members may spend here without a word of the hub.</summary>
    public StoreLease Lease { get; } = new(work);

    /// <summary>Why nothing could be written last time; empty where it could.</summary>
    public string StorageTrouble { get; set; } = "";

    /// <summary>Brings together what this store holds on the lines of merged members.</summary>
    public required Action<long> Unite { get; init; }

    /// <summary>Reads what it keeps in memory; after the memory of the agent.</summary>
    public void Load()
    {
        Lease.Load();
        HandedIn.Load();
        _day.Load(FindOwn);
    }

    /// <summary>A new life of the database has begun, with a log that is empty.</summary>
    public void BeginLife() => _day.Save();

    public EngineReply Answer(TillCall call) => call.Request switch
    {
        V1.TopUpRequest request => OnMember(call, request.RequestId, request.MemberId, (member, id) =>
            memory.Machine.TopUp(new TopUpCommand(Context(call, request.RequestId, request.Terminal, request.Operator), member.Id, request.AmountMinor) { Tender = (Tender)request.Tender }, member, id)),
        V1.SaleRequest request => OnMember(call, request.RequestId, request.MemberId, (member, id) =>
            memory.Machine.Sale(new SaleCommand(Context(call, request.RequestId, request.Terminal, request.Operator), member.Id, request.BillMinor, request.RedeemPoints, request.OtherTenderMinor)
            {
                MayUseCredit = call.MayUseCredit,
                IsDenied = memory.FloorDenied.Contains(member.Id),
            }, member, id)),
        V1.RedeemRequest request => OnMember(call, request.RequestId, request.MemberId, (member, id) =>
            memory.Machine.Redeem(new RedeemCommand(Context(call, request.RequestId, request.Terminal, request.Operator), member.Id, request.Points, request.What), member, id)),
        V1.VoidRequest request => OnOwnOp(call, request.RequestId, request.Op, (own, member, id) =>
            memory.Machine.Void(new VoidCommand(Context(call, request.RequestId, request.Terminal, request.Operator), OpIdCodec.ToCore(request.Op)) { ClosedUpTo = memory.ClosedUpTo, AsReceivable = request.AsReceivable }, own, member, id)),
        V1.RefundRequest request => OnOwnOp(call, request.RequestId, request.Op, (own, member, id) =>
            memory.Machine.Refund(new RefundCommand(Context(call, request.RequestId, request.Terminal, request.Operator), OpIdCodec.ToCore(request.Op), request.AmountMinor) { ClosedUpTo = memory.ClosedUpTo }, own, member, id)),
        V1.TenderRequest request => OnTender(call, request.RequestId, request.Op, request.Terminal, request.Operator, isConfirmed: true),
        V1.RejectTenderRequest request => OnTender(call, request.RequestId, request.Op, request.Terminal, request.Operator, isConfirmed: false),
        V1.AdjustRequest request => OnAdjust(call, request),
        V1.RegisterRequest request => Register(call, request),
        V1.SetProfileRequest request => SetProfile(call, request),
        V1.TagRequest request => AddTag(call, request),
        V1.UntagRequest request => RemoveTag(call, request),
        V1.CloseDayRequest request => CloseDay(call, request),
        V1.IdentifyTillRequest request => Identify(call, request.Key, isVisit: true),
        V1.BalanceRequest request => Identify(call, request.Key, isVisit: false),
        V1.QuoteRequest request => Quote(call, request),
        V1.LastReceiptsRequest request => new EngineReply { Answer = LastReceipts(request) },
        V1.StatusRequest => new EngineReply { Answer = Status(call) },
        V1.ShowReceiptRequest request => ShowReceipt(call, request),
        V1.HandInRequest request => HandIn(call, request),
        _ => new EngineReply { Fault = $"'{call.Request.Descriptor.Name}' is no request of a till." },
    };

    private TillContext Context(TillCall call, string requestId, string terminal, string person) => new(requestId, terminal, call.Cashier.Length > 0 ? call.Cashier : person, call.NowMs) { Standing = open.Standing with { IsPastLease = IsPastLease(call) }, Cashier = call.Cashier, Approver = call.Approver };

    private EngineReply OnMember(TillCall call, string requestId, string memberId, Func<MemberHere, OpId, TillDecision> decide)
    {
        if (_requests.Find(requestId, call.Request) is { } recorded)
        {
            return new EngineReply { Answer = recorded };
        }

        if (!MemberId.TryParse(memberId, out var id))
        {
            return Refuse(call, RejectionCode.InvalidRequest, "member_id must be the 26 characters that Register or Identify gave.");
        }

        var member = Here(id, call);
        return Book(call, requestId, member, null, decide(member, work.NextId));
    }

    private EngineReply OnOwnOp(TillCall call, string requestId, V1.OpId? opId, Func<OwnOp?, MemberHere, OpId, TillDecision> decide)
    {
        if (_requests.Find(requestId, call.Request) is { } recorded)
        {
            return new EngineReply { Answer = recorded };
        }

        if (opId is null)
        {
            return Refuse(call, RejectionCode.InvalidRequest, "op must name the op to undo, as printed on its receipt.");
        }

        var id = OpIdCodec.ToCore(opId);
        var own = FindOwn(id);
        var isPending = own?.Moves.Any(move => move.Bucket.Kind == BucketKind.Pending) ?? false;
        var member = own is null ? new MemberHere(default) : isPending ? Here(members.Get(own.Member)) : Here(own.Member, call);
        own = own is null ? null : own with { Member = member.Id }; // what a merged member bought is given back to the survivor
        var decision = decide(own, member, work.NextId);
        return decision.Rejection?.Code == RejectionCode.RefundRightElsewhere
            ? Book(call, requestId, member, own, decision with { Rejection = RefundRights.Refusal(decision.Rejection, call) }) with { WantedRefundRight = memory.LockReason.Length == 0 ? id : null }
            : Book(call, requestId, member, own, decision);
    }

    /// <summary>Keeps a refund right that the hub moved to this store, and forgets a receipt that it answered.</summary>
    public void Receive(HubNews news)
    {
        if (news.RefundRight?.Right is { } right)
        {
            _rights.Receive(right, memory.ClosedUpTo);
        }

        if (news is { HandIn.Op: { } op, HandedIn: { } hash })
        {
            HandedIn.Answered(OpIdCodec.ToCore(op), hash);
        }
    }

    // The order of refusals is the order of RejectionCode: what is wrong with the request itself comes first.
    private EngineReply Book(TillCall call, string requestId, MemberHere member, OwnOp? own, TillDecision decision)
    {
        var refusal = decision.Rejection;
        if (refusal?.Code is RejectionCode.InvalidRequest or RejectionCode.InvalidAmount)
        {
            return Refuse(call, refusal, member);
        }

        if (call.Request is not (V1.VoidRequest or V1.RefundRequest or V1.TenderRequest or V1.RejectTenderRequest) && !member.IsKnown)
        {
            return Unknown(call, member.Id);
        }

        if (memory.LockReason.Length > 0)
        {
            return Refuse(call, RejectionCode.AgentLocked, memory.LockReason);
        }

        if (refusal is not null || decision.Op is not { } op)
        {
            return Refuse(call, refusal!, member);
        }

        if (!call.IsOrdered && memory.Machine.FindUnsigned(op) is { } unsigned)
        {
            return Refuse(call, unsigned, member);
        }

        var hash = Log(op, member, call.NowMs);
        UpdateOwn(op, own);
        _day.Count(op, own);
        var receipt = Answers.Receipt(op, decision.Price, memory.Machine.Rules.TopUp.Terms);
        receipt.Available = Available(member, call);
        receipt.OpHash = UnsafeByteOperations.UnsafeWrap(hash.ToBytes());
        receipt.WasOnline = call.IsOnline;
        receipt.RevokedElsewhereMinor = Math.Min(call.RevokedMinor, op.MoneyMinor(MoveKind.Debit));
        var answer = new V1.OpAnswer { Receipt = receipt };
        _requests.Record(requestId, call.Request, answer, call.NowMs);
        receipt.Code = Receipts.CodeOf(op.Id); // not recorded: the log has all of it
        return new EngineReply { Answer = answer };
    }

    private EngineReply Register(TillCall call, V1.RegisterRequest request)
    {
        if (_requests.Find(request.RequestId, request) is { } recorded)
        {
            return new EngineReply { Answer = recorded };
        }

        var id = call.Cell.NewMember(call.NowMs, call.Entropy.Span);
        var profile = new MemberProfile(request.Name.Trim(), request.Phone.Trim(), request.Card.Trim(), work.Holder.Store, "");
        var decision = memory.Machine.Register(new RegisterCommand(Context(call, request.RequestId, request.Terminal, request.Operator), id, profile), work.NextId);
        if (decision.Op is not { } op)
        {
            return Refuse(call, decision.Rejection!.Code, decision.Rejection.Message);
        }

        if (memory.LockReason.Length > 0)
        {
            return Refuse(call, RejectionCode.AgentLocked, memory.LockReason);
        }

        if (members.FindPhone(profile.Phone) is not null || members.FindCard(profile.Card) is not null)
        {
            return Refuse(call, RejectionCode.DuplicateClaim, ContactTaken);
        }

        if (memory.Machine.FindUnsigned(op) is { } unsigned)
        {
            return Refuse(call, unsigned.Code, unsigned.Message);
        }

        var member = members.Get(id);
        Log(op, member, call.NowMs);
        members.Register(member, op.Profile!);
        var answer = new V1.IdentifyAnswer { Member = Answers.View(member, Available(member, call), memory.Machine.Rules) };
        _requests.Record(request.RequestId, request, answer, call.NowMs);
        return new EngineReply { Answer = answer, Member = id };
    }

    private EngineReply Identify(TillCall call, V1.MemberKey? key, bool isVisit)
    {
        MemberId? id = key?.KeyCase switch
        {
            V1.MemberKey.KeyOneofCase.MemberId => MemberId.TryParse(key.MemberId, out var parsed) ? parsed : null,
            V1.MemberKey.KeyOneofCase.Phone => members.FindPhone(key.Phone.Trim()),
            V1.MemberKey.KeyOneofCase.Card => members.FindCard(key.Card.Trim()),
            _ => null,
        };
        if (key is null || key.KeyCase == V1.MemberKey.KeyOneofCase.None)
        {
            return Refuse(call, RejectionCode.InvalidRequest, "key must have a member_id, a phone or a card.");
        }

        if (id is not { } known || Find(known, call) is not { IsKnown: true } member)
        {
            return Unknown(call, id ?? default) with { NeedsNews = true };
        }

        if (isVisit)
        {
            members.Touch(member, call.NowMs);
        }

        return new EngineReply { Answer = new V1.IdentifyAnswer { Member = Answers.View(member, Available(member, call), memory.Machine.Rules) }, Member = member.Id, NeedsNews = member.AsksHubAtScan(Calendar.DayOf(call.NowMs)) };
    }

    private EngineReply Quote(TillCall call, V1.QuoteRequest request)
    {
        if (!MemberId.TryParse(request.MemberId, out var id))
        {
            return Refuse(call, RejectionCode.InvalidRequest, "member_id must be the 26 characters that Register or Identify gave.");
        }

        if (request.BillMinor is < 0 or > Amount.LargestRequestMinor || request.TopUpMinor is < 0 or > Amount.LargestRequestMinor || request.RedeemPoints is < 0 or > Amount.LargestRequestMinor)
        {
            return Refuse(call, RejectionCode.InvalidAmount, $"Bill, top-up and points must be 0 to {Amount.LargestRequestMinor}.");
        }

        var member = Find(id, call);
        if (!member.IsKnown)
        {
            return Unknown(call, id);
        }

        var machine = memory.Machine;
        var withoutPoints = machine.PriceOf(member, request.BillMinor, 0);
        if (Price.FindRedeemFault(machine.Rules, request.BillMinor - withoutPoints.DiscountMinor, request.RedeemPoints) is { } fault)
        {
            return Refuse(call, RejectionCode.NotRedeemable, fault);
        }

        var price = machine.PriceOf(member, request.BillMinor, request.RedeemPoints);
        var available = Available(member, call);
        return new EngineReply
        {
            Answer = new V1.QuoteAnswer
            {
                DiscountMinor = price.DiscountMinor,
                PointsValueMinor = price.PointsValueMinor,
                PayableMinor = price.PayableMinor,
                PointsEarned = price.PointsEarned,
                TopUpBonusMinor = machine.Rules.BonusFor(request.TopUpMinor),
                TopUpTerms = TermsOf(member, call.NowMs, request.TopUpMinor),
                Available = available,
                EnoughHere = available.HereMinor >= price.PayableMinor && available.PointsHere >= request.RedeemPoints && !IsPastLease(call),
            },
        };
    }

    private string TermsOf(MemberHere member, long nowMs, long topUpMinor)
    {
        var rules = memory.Machine.Rules;
        var lastDay = memory.Machine.LotFor(member, work.Holder.Store, nowMs).ExpiryDay;
        return rules.BonusFor(topUpMinor) == 0 || lastDay == 0 ? rules.TopUp.Terms
            : string.Create(CultureInfo.InvariantCulture, $"{rules.TopUp.Terms} ({DateTimeOffset.FromUnixTimeMilliseconds(lastDay * Calendar.DayMs):yyyy-MM-dd})");
    }

    /// <summary>How many receipts a till gets at most.</summary>
    public static int ReceiptsIn(V1.LastReceiptsRequest request) => request.Limit <= 0 ? UsualReceipts : Math.Min(request.Limit, MostReceipts);

    private V1.LastReceiptsAnswer LastReceipts(V1.LastReceiptsRequest request)
    {
        var limit = ReceiptsIn(request);
        var ofMember = MemberId.TryParse(request.MemberId, out var id);
        var answer = new V1.LastReceiptsAnswer();
        var depth = ofMember ? ReceiptSearchDepth : limit * 4; // relinquished rights and registrations lie between receipts
        answer.Receipts.AddRange(work.ReadNewestOps(depth)
            .Where(op => op.Type is OpType.TopUp or OpType.Sale or OpType.Redeem or OpType.Void or OpType.Refund or OpType.Adjust && (!ofMember || op.Member == id))
            .Take(limit)
            .Select(op => WithCode(_requests.FindReceipt(op.RequestId) ?? Answers.Receipt(op, default, ""))));
        return answer;
    }

    private EngineReply CloseDay(TillCall call, V1.CloseDayRequest request)
    {
        if (_requests.Find(request.RequestId, request) is { } recorded)
        {
            return new EngineReply { Answer = recorded };
        }

        if (request.RequestId.Length is 0 or > TillContext.LongestText || request.Terminal.Length > TillContext.LongestText || request.Operator.Length > TillContext.LongestText)
        {
            return Refuse(call, RejectionCode.InvalidRequest, $"A request_id of 1 to {TillContext.LongestText} characters is needed; terminal and operator have at most as many.");
        }

        if (request.CountedCashMinor is < 0 or > Amount.LargestRequestMinor * 1000)
        {
            return Refuse(call, RejectionCode.InvalidAmount, "The counted cash must not be negative, nor that large.");
        }

        if (memory.LockReason.Length > 0)
        {
            return Refuse(call, RejectionCode.AgentLocked, memory.LockReason);
        }

        var answer = _day.Read();
        answer.CashDifferenceMinor = call.DrawerElsewhereMinor is { } elsewhere ? request.CountedCashMinor - answer.ExpectedCashMinor - elsewhere : 0;
        var op = new Op
        {
            Id = work.NextId,
            Type = OpType.CloseDay,
            OccurredAtMs = call.NowMs,
            RulesetVersion = memory.Machine.Rules.Version,
            Terminal = request.Terminal,
            Operator = call.Cashier.Length > 0 ? call.Cashier : request.Operator,
            Cashier = call.Cashier,
            RequestId = request.RequestId,
            ClosedUpTo = work.NextId.Sequence,
            Note = string.Create(CultureInfo.InvariantCulture, $"sales={answer.Sales} stored_value={answer.SalesStoredValueMinor} top_ups={answer.TopUps} top_up_cash={answer.TopUpCashMinor} refunds={answer.RefundsMinor} expected_cash={answer.ExpectedCashMinor} {CountedFor(call, request)}"),
        };
        if (memory.Machine.FindUnsigned(op) is { } unsigned)
        {
            return Refuse(call, unsigned.Code, unsigned.Message);
        }

        work.Append(op);
        memory.SetClosed(op.Id.Sequence);
        answer.Op = OpIdCodec.ToWire(op.Id);
        _day.StartNew(call.NowMs);
        _requests.Record(request.RequestId, request, answer, call.NowMs);
        return new EngineReply { Answer = answer };
    }

    // One drawer, a log for each cell: the cash is counted against all of them, in the log of the first.
    private static string CountedFor(TillCall call, V1.CloseDayRequest request) => call.DrawerElsewhereMinor switch
    {
        null => "counted_with=cell 1",
        0 => string.Create(CultureInfo.InvariantCulture, $"counted_cash={request.CountedCashMinor}"),
        { } elsewhere => string.Create(CultureInfo.InvariantCulture, $"expected_in_other_cells={elsewhere} counted_cash={request.CountedCashMinor}"),
    };

    private V1.StatusAnswer Status(TillCall call) => new()
    {
        Store = work.Holder.Store.Value,
        StoreName = storeName,
        Online = call.IsOnline,
        OfflineSinceMs = call.OfflineSinceMs,
        TipSequence = work.TipSequence,
        CommittedSequence = memory.CommittedSequence,
        BacklogOps = work.TipSequence - memory.CommittedSequence,
        Locked = memory.LockReason.Length > 0,
        Trouble = memory.LockReason.Length > 0 ? memory.LockReason : StorageTrouble.Length > 0 ? StorageTrouble : IsPastLease(call) ? TillMachine.PastLease : "",
        ReceiptsWaiting = HandedIn.Waiting,
        SpendByMs = Lease.EndsMs(memory.LeaseMs, call.NowMs, call.ElapsedMs),
        Members = members.KnownCount,
        RulesetVersion = memory.Machine.Rules.Version,
        FeedPosition = memory.FeedPosition,
    };

    // While there is a hub the lease is renewed; a heartbeat that is late must not refuse anybody.
    private bool IsPastLease(TillCall call) => !call.IsOnline && !Switches.IsOff(Mechanism.LeaseEndsSpending) && Lease.IsOver(memory.LeaseMs, call.NowMs, call.ElapsedMs);

    private V1.Receipt WithCode(V1.Receipt receipt)
    {
        receipt.Code = Receipts.CodeOf(OpIdCodec.ToCore(receipt.Op));
        return receipt;
    }

    // I1 is checked by Apply: it goes first, so that an op that breaks it never gets a place in the log.
    private OpHash Log(Op op, MemberHere member, long nowMs)
    {
        TillMachine.Apply(op, member);
        members.MarkChanged(member);
        member.LastUsedMs = nowMs;
        open.Add(op);
        member.PendingPoints = PendingPointsOf(op.Member);
        return work.Append(op);
    }

    private MemberHere Find(MemberId id, TillCall call)
    {
        var member = members.Resolve(id);
        Unite(call.NowMs);
        return member;
    }

    // A right that was moved here counts before the store's own, which a day close gave up.
    private OwnOp? FindOwn(OpId id)
    {
        var moved = _rights.Find(id);
        return moved is not null && !moved.Right.IsGivenUpBy(memory.ClosedUpTo) ? moved : ReadOwn(id) ?? moved;
    }

    // The log says what an op of this store was, and a document only what has become of it since. Of an op whose right was given up the document may have been
    // pruned, and with it that it was undone: such an op is asked of the hub, never read from the log.
    private OwnOp? ReadOwn(OpId id)
    {
        if (id.Holder != work.Holder)
        {
            return null;
        }

        if (work.Read(OwnOps, Key(id.Sequence)) is { } bytes && AgentCodec.ReadOwnOp(id, bytes, memory.DeadLogs.Count == 0) is { } own)
        {
            // Documents of older agents do not say what else paid; the log does.
            return own.OtherTenderMinor > 0 ? own : own with { OtherTenderMinor = work.ReadOp(id.Sequence)?.OtherTenderMinor ?? 0 };
        }

        var mayBeUndoneHere = !RefundRight.AsLogged(id).IsGivenUpBy(memory.ClosedUpTo) || Switches.IsOff(Mechanism.RefundRightHasOneOwner) || Switches.IsOff(Mechanism.ClosedOpsAreNotReadFromTheLog);
        return mayBeUndoneHere && work.ReadOp(id.Sequence) is { } op && UndoCheck.IsUndoable(op.Type) ? OwnOp.Of(op) : null;
    }

    private void UpdateOwn(Op op, OwnOp? own)
    {
        if (op is { Type: OpType.Adjust, Reference: null })
        {
            return; // what was given by hand is taken back by hand
        }

        var changed = op.Type switch
        {
            OpType.Sale or OpType.TopUp or OpType.Redeem => OwnOp.Of(op),
            OpType.Void => own! with { IsVoided = true },
            OpType.Adjust => own!.Decided(op),
            _ => own! with { GivenBack = [.. own!.GivenBack, .. op.Moves] },
        };
        if (UndoCheck.IsUndoable(op.Type) && !changed.StaysAtItsStore)
        {
            return; // the log has it; what stays here has its document before a day close, and until it is decided
        }

        if (changed.Right == RefundRight.AsLogged(changed.Id))
        {
            work.Write(OwnOps, Key(changed.Id.Sequence), AgentCodec.Write(changed));
        }
        else
        {
            _rights.Write(changed);
        }
    }

    private V1.Available Available(MemberHere member, TillCall call)
    {
        member.PendingPoints = PendingPointsOf(member.Id);
        return Answers.Available(member, call, work.Holder.Store, memory.StoreNames);
    }

    private static EngineReply Unknown(TillCall call, MemberId id) => Refuse(call, RejectionCode.UnknownMember, call.IsOnline
        ? "No such member is known, neither here nor at headquarters. Check the number, or register the member."
        : "No such member is known here, and headquarters cannot be asked while this store is offline. Check the number, try again when online, or register the member.") with
        {
            Member = id,
            NeedsNews = id != default,
        };

    private static EngineReply Refuse(TillCall call, RejectionCode code, string message) =>
        new() { Answer = Answers.Refusal(call.Request, new V1.Rejection { Code = (V1.RejectionCode)code, Message = message }), RevokedMinor = call.RevokedMinor };

    private EngineReply Refuse(TillCall call, Rejection rejection, MemberHere member)
    {
        var isShort = rejection.Code is RejectionCode.InsufficientFunds or RejectionCode.InsufficientRights;
        var wire = new V1.Rejection { Code = (V1.RejectionCode)rejection.Code, Message = rejection.Message, Available = isShort ? Available(member, call) : null };
        return new EngineReply
        {
            Answer = Answers.Refusal(call.Request, wire),
            Member = member.Id,
            Wanted = rejection.Wanted,
            NeedsNews = isShort,
            CouldUseCredit = rejection.CouldUseCredit,
            RevokedMinor = Math.Max(call.RevokedMinor, HeldElsewhere(rejection.Wanted, member)),
        };
    }

    // What is missing here and does not lie free at the hub has to come from other stores. Judged when the call is refused for the first
    // time, because the rights may arrive with any frame afterwards.
    private static long HeldElsewhere(IReadOnlyList<GrantTarget> wanted, MemberHere member) =>
        wanted.Where(target => target.Bucket.IsMoney).Sum(target => Math.Max(0, target.Granted - member.LineOf(target.Bucket).Granted - FreeAtHub(member, target.Bucket)));

    private static long FreeAtHub(MemberHere member, Bucket bucket) =>
        member.Replica?.Holdings.Where(holding => holding.Bucket == bucket && holding.Store.Value == 0).Sum(holding => holding.AmountMinor) ?? 0;

    private static byte[] Key(long sequence)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, sequence);
        return key;
    }
}
