using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Properties;

/// <summary>One member at the hub and at three stores, with a network between them that loses, repeats and reorders.</summary>
/// <remarks>Ops of one store keep their order, as the op stream keeps it; everything else may come late, twice, in any order or never.</remarks>
internal sealed class TestNetwork : ITurnContext
{
    private readonly SeededRandom _random;
    private readonly TillMachine _till;
    private readonly List<MemberMessage> _toHub = [];
    private readonly List<(TestStore Store, MemberEffect Effect)> _toStores = [];
    private readonly List<long> _deadlines = [];
    private readonly Dictionary<string, long> _ledger = [];
    private long _request;
    private long _ask;
    private bool _isHonest;

    private readonly long _longestPauseMs;

    /// <param name="seed">Makes the whole history.</param>
    /// <param name="longestPauseMs">Between two steps; long ones let lots expire.</param>
    /// <param name="floor">What stores may advance; with it, HQ also changes the credit limit at times.</param>
    public TestNetwork(long seed, long longestPauseMs = 6 * 3_600_000, FloorRules? floor = null)
    {
        Floor = floor ?? new FloorRules();
        _longestPauseMs = longestPauseMs;
        _random = new SeededRandom(seed);
        _till = new TillMachine(Make.Rules with { Floor = Floor, SpendOrder = (SpendOrder)_random.Between(1, 3) });
        Policy = new PlacementPolicy { UsualStores = _random.Below(4), StrandedPermille = _random.Below(2001), MinGainPermille = _random.Chance(700) ? 0 : _random.Below(100), MinHoldMs = _random.Chance(500) ? 0 : 2000 };
        // Known to the hub before the first step: an identification of an unknown member grants nothing.
        Turn(new RegisterWanted(MemberProfile.Empty, "reply"));
    }

    public FloorRules Floor { get; }

    public long FloorLimitMinor => Floor.LimitMinor;

    /// <summary>The largest credit limit that HQ ever set.</summary>
    public long LargestLimitMinor { get; private set; }

    /// <summary>All that the hub journaled, in order.</summary>
    public List<AppliedEvent> Events { get; } = [];

    /// <summary>What was sold on account and not undone, counted when an op is logged; settlements by the hub do not change it.</summary>
    public long OnAccountMinor { get; private set; }

    public TestStore[] Stores { get; } = [new(1), new(2), new(3)];

    public MemberMachine Hub { get; } = new(new MemberState(Make.Member, Make.Currency));

    /// <summary>What the member truly owns: counted when an op is logged, wherever that is.</summary>
    public SortedDictionary<Bucket, long> Oracle { get; } = [];

    public int Messages { get; private set; }

    /// <summary>What happened how often, so that a test can see that its histories are not idle.</summary>
    public SortedDictionary<string, int> Happened { get; } = [];

    public long NowMs { get; private set; } = Make.NowMs;

    public PlacementPolicy Policy { get; }

    // A wrong answer costs time, never money: so it is wrong at times.
    public bool IsOnline(Holder holder) => StoreOf(holder).IsOnline != (!_isHonest && _random.Chance(50));

    public Holder? OnlineHolder(StoreId store) => IsOnline(Stores[store.Value - 1].Holder) ? Stores[store.Value - 1].Holder : null;

    public long NextAsk() => ++_ask;

    public void Step()
    {
        NowMs += _random.Between(0, _longestPauseMs);
        var store = _random.Pick(Stores);
        if (HasFloor && _random.Chance(60))
        {
            var limit = _random.Between(0, 3) * 1_000;
            LargestLimitMinor = Math.Max(LargestLimitMinor, limit);
            Turn(new CreditLimitWanted(limit, "reply"));
        }

        switch (_random.Below(100))
        {
            case < 25:
                Till(store);
                break;
            case < 29:
                store.IsOnline = _random.Chance(700);
                break;
            case < 60:
                DeliverOp(store);
                break;
            case < 77:
                DeliverToStore();
                break;
            case < 90:
                DeliverToHub();
                break;
            case < 95 when store.IsOnline:
                _toHub.Add(new IdentifyWanted(store.Holder, ++_request, _random.Chance(500)));
                break;
            case < 96 when store.IsOnline:
                _toHub.Add(new CatchUpWanted(store.Holder));
                break;
            case < 98 when _deadlines.Count > 0:
                Turn(new RevokeExpired(_random.Pick(_deadlines)));
                break;
            default:
                break;
        }
    }

    /// <summary>Everybody is online and nothing is lost any more, until nothing is under way.</summary>
    public void Settle()
    {
        _isHonest = true;
        Messages = 0;
        foreach (var store in Stores)
        {
            store.IsOnline = true;
            Resend(store, 0);
        }

        while (_toHub.Count + _toStores.Count > 0 || Stores.Any(store => store.Delivered < store.Log.Count))
        {
            Assert.True(++Messages < 2_000, "the hub and the stores never come to rest");
            foreach (var store in Stores)
            {
                Resend(store, store.Delivered);
            }

            if (_toStores.Count > 0)
            {
                var (store, effect) = _toStores[0];
                _toStores.RemoveAt(0);
                Receive(store, effect);
            }
            else if (_toHub.Count > 0)
            {
                var message = _toHub[0];
                _toHub.RemoveAt(0);
                Turn(message);
            }
        }

        foreach (var ask in _deadlines)
        {
            Turn(new RevokeExpired(ask));
        }

        Assert.False(Hub.IsWaiting, "a checkout waits although its deadline has passed");
    }

    public void GoOffline()
    {
        foreach (var store in Stores)
        {
            store.IsOnline = false;
        }
    }

    /// <summary>One till command with random numbers at a store; true when it was accepted.</summary>
    public TillDecision Sell(TestStore store)
    {
        var decision = _till.Sale(new SaleCommand(Context() with { Standing = new StoreStanding(0, store.OpenAdvancesMinor) }, Make.Member, _random.Between(1, HasFloor ? 1_200 : 4_000), _random.Chance(300) ? 20 : 0, _random.Chance(200) ? _random.Between(0, 1_000) : 0)
        {
            MayUseCredit = HasFloor && (!store.IsOnline || _random.Chance(500)),
        }, store.Here, store.NextId);
        Book(store, decision);
        return decision;
    }

    public void Check()
    {
        foreach (var store in Stores)
        {
            foreach (var (bucket, line) in store.Here.Lines)
            {
                Assert.True(line.Available >= 0, $"I1: store {store.Holder} has {line.Available} of {bucket}");
            }

            Assert.All(store.Own, own => Assert.True(own.RefundableMinor >= 0, $"I10: more than {own.Id} was refunded"));
        }

        Assert.All(Oracle, truth => Assert.True(truth.Value >= 0, $"I7: the true balance of {truth.Key} is {truth.Value}"));
        foreach (var bucket in Hub.State.Buckets)
        {
            Check(bucket);
        }

        Assert.Equal(Hub.State.TotalOf(Bucket.Principal), Hub.State.Parcels.Sum(parcel => parcel.RemainingMinor));
        Assert.All(Hub.State.Parcels, parcel => Assert.True(parcel.RemainingMinor > 0, "an empty parcel"));
        Assert.Equal(-Hub.State.TotalOf(Bucket.Principal), _ledger.GetValueOrDefault(Accounts.WalletPrincipal));
        Assert.Equal(-Hub.State.TotalOf(Bucket.Points), _ledger.GetValueOrDefault(Accounts.WalletPoints));
        CheckAccount();
        Assert.Equal(-Hub.State.TotalOf(Bucket.Pending), _ledger.GetValueOrDefault(Accounts.WalletPending));
        Assert.Equal(Hub.State.TotalOf(Bucket.Principal) - Hub.State.MoneyMinor, _ledger.GetValueOrDefault(Accounts.WalletBonus));
    }

    /// <summary>The balance of an account, added up from what ops and the hub's own events booked.</summary>
    public long BalanceOf(string account) => _ledger.GetValueOrDefault(account);

    /// <summary>Every store learns of grants whose frames were lost, and hands back what it holds of expired lots, as it does at day close.</summary>
    public void CloseDay()
    {
        foreach (var store in Stores)
        {
            store.Grant([.. Hub.State.Buckets.Select(bucket => new GrantedLine(bucket.Bucket, bucket.Find(store.Holder)?.Granted ?? 0))]);
            var expired = store.Here.Lines.Where(line => !line.Key.IsValidOn(Calendar.DayOf(NowMs))).Select(line => new RevokeLine(line.Key, 0, line.Value.Granted));
            if (_till.Relinquish(store.Here, [.. expired], store.NextId, NowMs) is { } op)
            {
                Log(store, op);
            }
        }
    }

    public void DeliverAgain()
    {
        foreach (var store in Stores)
        {
            Resend(store, 0);
        }
    }

    // I15: what is owed for used credit is at most O(m), what one store has advanced at most min(f, Phi), what it has not told at most Phi.
    private void CheckAccount()
    {
        var credit = Hub.State.Credit;
        Assert.Null(credit.FindBreach());
        Assert.Equal(credit.ReceivableMinor, BalanceOf(Accounts.MemberReceivable));
        Assert.True(credit.UsedMinor <= LargestLimitMinor, $"I15: credit of {credit.UsedMinor} is used, the limit never was above {LargestLimitMinor}");
        Assert.True(credit.UsedMinor + Hub.State.TotalOf(Bucket.Credit) <= LargestLimitMinor, "I15: more credit is in being than HQ ever allowed");
        foreach (var store in Stores)
        {
            var outstanding = store.Here.AdvancedMinor - credit.FloorOf(store.Holder).SettledMinor;
            Assert.True(outstanding <= Floor.LimitMinor, $"I15: store {store.Holder} has advanced {outstanding}, the floor is {Floor.LimitMinor}");
            Assert.True(store.OpenAdvancesMinor <= Floor.StoreBudgetMinor, $"I15: store {store.Holder} has {store.OpenAdvancesMinor} of advances open");
        }

        Assert.True(credit.ReceivableMinor - credit.OwedMinor <= LargestLimitMinor + (Stores.Length * Floor.LimitMinor), "I15: receivable(m) <= O(m) + sum of min(f, Phi)");
    }

    private bool HasFloor => Floor.LimitMinor > 0;

    private void Check(BucketState bucket)
    {
        Assert.True(bucket.Pool >= 0, $"I2: P of {bucket.Bucket} is {bucket.Pool}");
        Assert.True(bucket.Total >= 0, $"I4: W of {bucket.Bucket} is {bucket.Total}");
        Assert.True(bucket.Pool + bucket.Lines.Sum(line => line.Outstanding) == bucket.Total, $"I3: P + sum A of {bucket.Bucket} is not {bucket.Total}");
        Assert.Equal((0, 0), (bucket.Loss, bucket.Unbacked));
        foreach (var line in bucket.Lines)
        {
            var here = StoreOf(line.Holder).Here.LineOf(bucket.Bucket);
            Assert.True(line.Outstanding >= 0 && line.Disowned >= 0, $"I2: {line.Holder} of {bucket.Bucket}");
            Assert.Equal(line.Granted + line.Credited - line.Debited - line.Relinquished, line.Outstanding + line.Disowned);
            Assert.True(here.Granted <= line.Granted && line.Credited <= here.Credited && line.Debited <= here.Debited && line.Relinquished <= here.Relinquished,
                $"I9: {line.Holder} of {bucket.Bucket}");
        }
    }

    private void Till(TestStore store)
    {
        var own = store.Own.Count > 0 ? _random.Pick(store.Own) : null;
        var amount = _random.Between(1, HasFloor ? 1_500 : 15_000); // poor members buy on account
        switch (_random.Below(100))
        {
            case < 28:
                Book(store, _till.TopUp(new TopUpCommand(Context(), Make.Member, amount), store.Here, store.NextId));
                break;
            case < 62:
                Sell(store);
                break;
            case < 69:
                Book(store, _till.Redeem(new RedeemCommand(Context(), Make.Member, _random.Between(20, 60), "cup"), store.Here, store.NextId));
                break;
            case < 73:
                Book(store, _till.TopUp(new TopUpCommand(Context(), Make.Member, amount) { Tender = Tender.CardStoreAndForward }, store.Here, store.NextId));
                break;
            case < 77:
                Book(store, _till.DecideTender(new TenderCommand(Context(), Make.Id(1), _random.Chance(700)), store.Own.Find(op => op.Tender == Tender.CardStoreAndForward && !op.IsVoided) ?? own, store.Here, store.NextId));
                break;
            case < 81:
                Book(store, _till.Adjust(new AdjustCommand(Context(), Make.Member, _random.Pick([BucketKind.Principal, BucketKind.Points, BucketKind.Lot]), _random.Between(-300, 300), "goodwill"), store.Here, store.NextId));
                break;
            case < 90:
                Book(store, _till.Void(new VoidCommand(Context(), Make.Id(1)) { AsReceivable = HasFloor && _random.Chance(500) }, own, store.Here, store.NextId));
                break;
            default:
                Book(store, _till.Refund(new RefundCommand(Context(), Make.Id(1), _random.Between(1, 2_000)), own, store.Here, store.NextId));
                break;
        }
    }

    private void Book(TestStore store, TillDecision decision)
    {
        if (decision.Op is { } op)
        {
            Log(store, op);
        }
        else
        {
            Count(decision.Rejection!.Code.ToString());
        }

        if (store.IsOnline && decision.Rejection is not null && decision.Rejection!.Wanted.Count > 0)
        {
            _toHub.Add(new RightsWanted(store.Holder, ++_request, [.. decision.Rejection.Wanted.Select(want => new GrantedLine(want.Bucket, want.Granted))], _random.Chance(700)));
        }
    }

    private void Log(TestStore store, Op op)
    {
        Assert.Null(OpDefects.Find(op));
        store.Book(op);
        Count(op.Type.ToString());
        OnAccountMinor += op.OnAccountMinor - op.AmountOf(MoveKind.Settle, Bucket.Principal);
        foreach (var move in op.Moves.Where(move => move.Bucket != Bucket.Credit))
        {
            var sign = move.Kind == MoveKind.Credit ? 1 : move.Kind == MoveKind.Debit ? -1 : 0;
            Oracle[move.Bucket] = Oracle.GetValueOrDefault(move.Bucket) + (sign * move.AmountMinor);
        }
    }

    // The next op, or an old one again; the receipt of the hub may be lost, and then it comes once more.
    private void DeliverOp(TestStore store)
    {
        if (!store.IsOnline || store.Log.Count == 0)
        {
            return;
        }

        if (store.Delivered < store.Log.Count && _random.Chance(800))
        {
            Turn(new OpArrived(store.Log[store.Delivered]));
            store.Delivered += _random.Chance(800) ? 1 : 0;
        }
        else if (store.Delivered > 0)
        {
            Turn(new OpArrived(store.Log[_random.Below(store.Delivered)]));
        }
    }

    private void Resend(TestStore store, int from)
    {
        for (var i = from; i < store.Log.Count; i++)
        {
            Turn(new OpArrived(store.Log[i]));
        }

        store.Delivered = store.Log.Count;
    }

    private void DeliverToStore()
    {
        if (_toStores.Count == 0)
        {
            return;
        }

        var index = _random.Below(_toStores.Count);
        var (store, effect) = _toStores[index];
        if (!_random.Chance(200)) // else it comes twice
        {
            _toStores.RemoveAt(index);
        }

        if (!_random.Chance(100)) // else it is lost
        {
            Receive(store, effect);
        }
    }

    private void DeliverToHub()
    {
        if (_toHub.Count == 0)
        {
            return;
        }

        var index = _random.Below(_toHub.Count);
        var message = _toHub[index];
        if (!_random.Chance(200))
        {
            _toHub.RemoveAt(index);
        }

        if (!_random.Chance(100))
        {
            Turn(message);
        }
    }

    private void Receive(TestStore store, MemberEffect effect)
    {
        switch (effect)
        {
            case SendRights rights:
                store.Grant(rights.Lines);
                break;
            case SendRightsReply reply:
                store.Learn(reply.View);
                break;
            case SendIdentifyReply reply:
                store.Learn(reply.View);
                break;
            case SendChange change:
                store.Learn(change.View);
                break;
            case AskRevoke ask:
                if (_till.Relinquish(store.Here, ask.Lines, store.NextId, NowMs) is { } op)
                {
                    Log(store, op);
                }

                _toHub.Add(new RevokeAnswered(store.Holder, ask.Ask));
                break;
            default:
                throw new InvalidOperationException($"A store cannot take {effect}.");
        }
    }

    private void Turn(MemberMessage message)
    {
        var version = Hub.State.Version;
        var isRepeated = message is OpArrived { Op: var op } && Hub.State.HasApplied(op.Id);
        var turn = Hub.Turn(message, this);
        Assert.Equal(version + turn.Events.Count, Hub.State.Version);
        Assert.False(isRepeated && turn.Events.Exists(applied => applied.Event is not (LotsExpired or ReceivableSettled)), "an op that was applied before changed something");
        Events.AddRange(turn.Events);
        foreach (var applied in turn.Events.Where(applied => applied.Outcome is not null))
        {
            Book(applied.Outcome!);
        }

        foreach (var effect in turn.Effects)
        {
            Route(effect);
        }
    }

    private void Book(OpOutcome outcome)
    {
        Assert.True(outcome.Classification == Classification.Normal, outcome.Note);
        foreach (var asset in outcome.Transaction.Entries.GroupBy(entry => entry.Asset))
        {
            Assert.Equal(0, asset.Sum(entry => entry.AmountMinor));
        }

        foreach (var entry in outcome.Transaction.Entries)
        {
            _ledger[entry.Account] = _ledger.GetValueOrDefault(entry.Account) + entry.AmountMinor;
        }
    }

    private void Count(string what) => Happened[what] = Happened.GetValueOrDefault(what) + 1;

    private void Route(MemberEffect effect)
    {
        Count(effect.GetType().Name);
        switch (effect)
        {
            case SendRights to:
                _toStores.Add((StoreOf(to.Holder), to));
                break;
            case SendRightsReply to:
                _toStores.Add((StoreOf(to.Holder), to));
                break;
            case SendIdentifyReply to:
                _toStores.Add((StoreOf(to.Holder), to));
                break;
            case AskRevoke to:
                _toStores.Add((StoreOf(to.Holder), to));
                break;
            case SendChange to:
                _toStores.Add((Stores[to.Store.Value - 1], to));
                break;
            case StartDeadline deadline:
                _deadlines.Add(deadline.Ask);
                break;
            default:
                break;
        }
    }

    private TestStore StoreOf(Holder holder) => Stores[holder.Store.Value - 1];

    private TillContext Context() => new($"r{++_request}", "till", "kim", NowMs);
}
