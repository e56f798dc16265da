using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Properties;

/// <summary>One member at the hub and at three stores that sell, close their days, ask for refund rights and refund; the network loses, repeats and reorders.</summary>
/// <remarks>Ops of one store keep their order and may be delivered again; requests and rights may come late, twice or never.</remarks>
internal sealed class RefundNetwork : ITurnContext
{
    private readonly SeededRandom _random;
    private readonly TillMachine _till = new(Make.Rules);
    private readonly List<(Shop Shop, OpId Op, long Since)> _requests = [];
    private readonly List<(Shop Shop, OwnOp Right)> _rights = [];
    private readonly SortedDictionary<OpId, OwnOp> _truth = [];
    private long _request;

    public RefundNetwork(long seed)
    {
        _random = new SeededRandom(seed);
        foreach (var shop in Shops)
        {
            Book(shop, _till.TopUp(new TopUpCommand(Context(), Make.Member, 90_000), shop.Here, shop.NextId), null);
        }
    }

    /// <summary>A mistake to be made on purpose: the hub takes every day as closed, so that a right gets two owners.</summary>
    public bool HasTwoOwners { get; init; }

    public Shop[] Shops { get; } = [new(1), new(2), new(3)];

    public MemberMachine Hub { get; } = new(new MemberState(Make.Member, Make.Currency));

    public SortedDictionary<string, int> Happened { get; } = [];

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => null;

    public long NextAsk() => ++_request;

    public long ClosedUpTo(Holder holder)
    {
        var shop = Shops[holder.Store.Value - 1];
        return HasTwoOwners ? long.MaxValue : shop.Log.Take(shop.Delivered).LastOrDefault(op => op.Type == OpType.CloseDay)?.Id.Sequence ?? 0;
    }

    public void Step()
    {
        var shop = _random.Pick(Shops);
        switch (_random.Below(100))
        {
            case < 6:
                Book(shop, _till.Sale(new SaleCommand(Context(), Make.Member, _random.Between(1, 900), 0, 0), shop.Here, shop.NextId), null);
                break;
            case < 40 when _truth.Count > 0:
                var mine = _random.Chance(600) ? _truth.Keys.Where(shop.CanUndo).ToArray() : [];
                Undo(shop, _random.Pick(mine.Length > 0 ? mine : [.. _truth.Keys]), _random.Chance(250));
                break;
            case < 43:
                Close(shop);
                break;
            case < 70:
                Deliver(shop);
                break;
            case < 85 when _requests.Count > 0:
                Request(Take(_requests));
                break;
            case < 100 when _rights.Count > 0:
                var (to, right) = Take(_rights);
                to.Receive(right);
                break;
            default:
                break;
        }
    }

    /// <summary>I10, at the stores and at the hub: refunds(x) is at most amount(x), and owner(x) is unique.</summary>
    public void Check()
    {
        foreach (var (id, sale) in _truth)
        {
            var back = Shops.SelectMany(shop => shop.Log).Where(op => op.Reference == id).ToArray();
            var money = back.Sum(op => op.MoneyMinor(MoveKind.Credit));
            Assert.True(money <= sale.PaidMinor, $"I10: {money} of {sale.PaidMinor} of {id} were given back");
            var owners = Shops.Count(shop => shop.CanUndo(id));
            Assert.True(owners <= 1, $"I10: {owners} stores may undo {id}");
        }
    }

    /// <summary>Everybody reports and closes; then the last store asks for every right and gives back what is left.</summary>
    public void RefundEverything()
    {
        foreach (var shop in Shops)
        {
            Close(shop);
            while (shop.Delivered < shop.Log.Count)
            {
                Deliver(shop, isHonest: true);
            }
        }

        _requests.Clear();
        _rights.Clear();
        var last = Shops[2];
        foreach (var (id, sale) in _truth.ToArray())
        {
            Request((last, id, last.NextId.Sequence));
            foreach (var (_, right) in _rights)
            {
                last.Receive(right);
            }

            _rights.Clear();
            if (last.Find(id) is { RefundableMinor: > 0 } own && last.CanUndo(id))
            {
                Book(last, _till.Refund(new RefundCommand(Context(), id, own.RefundableMinor) { ClosedUpTo = last.ClosedUpTo }, own, last.Here, last.NextId), own);
            }

            Assert.Equal(sale.PaidMinor, Shops.SelectMany(shop => shop.Log).Where(op => op.Reference == id).Sum(op => op.MoneyMinor(MoveKind.Credit)));
        }
    }

    private void Undo(Shop shop, OpId id, bool isVoid)
    {
        var own = shop.Find(id);
        var decision = isVoid
            ? _till.Void(new VoidCommand(Context(), id) { ClosedUpTo = shop.ClosedUpTo }, own, shop.Here, shop.NextId)
            : _till.Refund(new RefundCommand(Context(), id, _random.Between(1, 400)) { ClosedUpTo = shop.ClosedUpTo }, own, shop.Here, shop.NextId);
        Book(shop, decision, own);
        if (decision.Rejection?.Code == RejectionCode.RefundRightElsewhere)
        {
            _requests.Add((shop, id, shop.NextId.Sequence));
        }
    }

    private void Book(Shop shop, TillDecision decision, OwnOp? own)
    {
        if (decision.Op is not { } op)
        {
            Count(decision.Rejection!.Code.ToString());
            return;
        }

        Count(own is null || own.Right == RefundRight.AsLogged(own.Id) ? op.Type.ToString() : $"{op.Type} under a moved right");
        shop.Book(op, own);
        if (op.Type == OpType.Sale)
        {
            _truth.Add(op.Id, OwnOp.Of(op));
        }
    }

    private void Close(Shop shop)
    {
        shop.Log.Add(new Op { Id = shop.NextId, Type = OpType.CloseDay, ClosedUpTo = shop.NextId.Sequence });
        shop.ClosedUpTo = shop.Log.Count;
        Count("CloseDay");
    }

    private void Deliver(Shop shop, bool isHonest = false)
    {
        var index = shop.Delivered == shop.Log.Count || (!isHonest && shop.Delivered > 0 && _random.Chance(200)) ? _random.Below(Math.Max(1, shop.Delivered)) : shop.Delivered;
        var op = shop.Log[index];
        if (op.Type != OpType.CloseDay)
        {
            var undoing = op.Reference is { } id ? new Undoing(_truth.GetValueOrDefault(id)) : null;
            var turn = Hub.Turn(new OpArrived(op) { Undoing = undoing }, this);
            Assert.All(turn.Events.Where(applied => applied.Outcome is not null), applied => Assert.True(applied.Outcome!.Classification == Classification.Normal, applied.Outcome.Note));
        }

        shop.Delivered = Math.Max(shop.Delivered, index + 1);
    }

    private void Request((Shop Shop, OpId Op, long Since) request)
    {
        if (Shops[request.Op.Holder.Store.Value - 1].Delivered < request.Op.Sequence)
        {
            return; // the hub has no such op yet
        }

        var turn = Hub.Turn(new RefundRightWanted(request.Shop.Holder, ++_request, _truth[request.Op], request.Since), this);
        foreach (var reply in turn.Effects.OfType<SendRefundRight>())
        {
            Count(reply.Op is null ? "right refused" : "right moved");
            if (reply.Op is { } right)
            {
                _rights.Add((request.Shop, right));
            }
        }
    }

    // Any of those under way; it may stay to come again, or be lost.
    private T Take<T>(List<T> underWay)
    {
        var index = _random.Below(underWay.Count);
        var taken = underWay[index];
        if (!_random.Chance(250))
        {
            underWay.RemoveAt(index);
        }

        return taken;
    }

    private void Count(string what) => Happened[what] = Happened.GetValueOrDefault(what) + 1;

    private TillContext Context() => new($"r{++_request}", "till", "kim", NowMs);

    /// <summary>One store: its log, its own ops and the rights that came to it, kept as an agent keeps them.</summary>
    internal sealed class Shop(int number)
    {
        private readonly SortedDictionary<OpId, OwnOp> _own = [];
        private readonly SortedDictionary<OpId, OwnOp> _moved = [];

        public Holder Holder { get; } = Make.Holder(number);

        public MemberHere Here { get; } = new(Make.Member);

        public List<Op> Log { get; } = [];

        public long ClosedUpTo { get; set; }

        public int Delivered { get; set; }

        public OpId NextId => new(Holder, Log.Count + 1);

        public OwnOp? Find(OpId id) =>
            _moved.TryGetValue(id, out var moved) && !moved.Right.IsGivenUpBy(ClosedUpTo) ? moved : _own.GetValueOrDefault(id) ?? moved;

        public bool CanUndo(OpId id) => Find(id) is { } own && !own.Right.IsGivenUpBy(ClosedUpTo);

        public void Receive(OwnOp right)
        {
            var isKnown = _moved.TryGetValue(right.Id, out var kept) && kept.Right.Since >= right.Right.Since;
            if (!isKnown && !right.Right.IsGivenUpBy(ClosedUpTo) && right.Right != RefundRight.AsLogged(right.Id))
            {
                _moved[right.Id] = right;
            }
        }

        public void Book(Op op, OwnOp? own)
        {
            TillMachine.Apply(op, Here);
            Log.Add(op);
            var changed = op.Type switch
            {
                OpType.Void => own! with { IsVoided = true },
                OpType.Refund => own! with { GivenBack = [.. own!.GivenBack, .. op.Moves] },
                _ => OwnOp.Of(op),
            };
            (changed.Right == RefundRight.AsLogged(changed.Id) ? _own : _moved)[changed.Id] = changed;
        }
    }
}
