using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Properties;

/// <summary>Four members at three stores, merged and un-merged by HQ while the stores sell under any of their ids; the hub crashes and goes on.</summary>
/// <remarks>Messages between two grains keep their order and may come twice; a crash loses them all, with everything that was no event.</remarks>
internal sealed class MergeNetwork : ITurnContext
{
    private readonly SeededRandom _random;
    private readonly TillMachine _till = new(Make.Rules);
    private readonly List<(MemberId From, MemberId To, MemberMessage Message)> _posts = [];
    private readonly List<(Store Store, MemberId Member, MemberEffect Effect)> _toStores = [];
    private readonly List<(MemberId Member, long Ask)> _deadlines = [];
    private readonly Dictionary<(UnderWayKind Kind, MemberId From, MemberId To), long> _underWay = [];
    private readonly Dictionary<string, long> _ledger = [];
    private readonly SortedDictionary<MemberId, List<AppliedEvent>> _journal = [];
    private long _ask;
    private long _request;

    public MergeNetwork(long seed)
    {
        _random = new SeededRandom(seed);
        Ids = [.. Enumerable.Range(1, 4).Select(number => MemberId.Create(Make.NowMs, [0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)number]))];
        Hub = new SortedDictionary<MemberId, MemberMachine>(Ids.ToDictionary(id => id, id => new MemberMachine(new MemberState(id, Make.Currency))));
        foreach (var id in Ids)
        {
            Turn(id, new RegisterWanted(MemberProfile.Empty, "reply"));
        }
    }

    public MemberId[] Ids { get; }

    public Store[] Stores { get; } = [new(1), new(2), new(3)];

    public SortedDictionary<MemberId, MemberMachine> Hub { get; }

    /// <summary>What all members truly own together.</summary>
    public SortedDictionary<Bucket, long> Oracle { get; } = [];

    public SortedDictionary<string, int> Happened { get; } = [];

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 2 };

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => Stores[store.Value - 1].Holder;

    public long NextAsk() => ++_ask;

    public void Step()
    {
        var store = _random.Pick(Stores);
        switch (_random.Below(100))
        {
            case < 28:
                Sell(store, _random.Pick(Ids));
                break;
            case < 31:
                Turn(_random.Pick(Ids), new MergeWanted(_random.Pick(Ids), "kim", "twice", "reply"));
                break;
            case < 32:
                var alias = _random.Pick(Ids);
                Turn(Hub[alias].State.IsAlias ? Hub[alias].State.AliasOf : _random.Pick(Ids), new UnmergeWanted(alias, "kim", "two persons", "reply"));
                break;
            case < 55:
                DeliverOp(store);
                break;
            case < 72:
                DeliverToStore();
                break;
            case < 90:
                DeliverPost();
                break;
            case < 94:
                Turn(_random.Pick(Ids), new IdentifyWanted(store.Holder, ++_request, _random.Chance(500)));
                break;
            case < 95 when _deadlines.Count > 0:
                var (member, ask) = _random.Pick(_deadlines);
                Turn(member, new RevokeExpired(ask));
                break;
            case < 99:
                Relinquish(store, _random.Pick(Ids));
                break;
            default:
                Crash();
                break;
        }
    }

    /// <summary>Nothing is lost any more, until nothing is under way.</summary>
    public void Settle()
    {
        for (var round = 0; round < 400; round++)
        {
            Resume();
            foreach (var (member, ask) in _deadlines.ToArray())
            {
                Turn(member, new RevokeExpired(ask));
            }

            _deadlines.Clear();
            foreach (var store in Stores)
            {
                while (store.Delivered < store.Log.Count)
                {
                    DeliverNext(store);
                }
            }

            for (var messages = 0; _posts.Count + _toStores.Count > 0; messages++)
            {
                Assert.True(messages < 5_000, "the grains never come to rest");
                if (_posts.Count > 0)
                {
                    var (_, to, message) = _posts[0];
                    _posts.RemoveAt(0);
                    Turn(to, message);
                }
                else
                {
                    var (store, member, effect) = _toStores[0];
                    _toStores.RemoveAt(0);
                    Receive(store, member, effect);
                }
            }

            if (_underWay.Count == 0 && Stores.All(store => store.Delivered == store.Log.Count))
            {
                return;
            }
        }

        Assert.Fail($"never comes to rest: {string.Join(", ", _underWay)}");
    }

    public void Check()
    {
        foreach (var machine in Hub.Values)
        {
            Assert.Null(machine.State.FindBreach());
            Assert.True(!machine.State.IsAlias || machine.State.Buckets.All(bucket => bucket.Pool == 0), "an alias keeps value that is free");
        }

        foreach (var store in Stores)
        {
            Assert.All(store.Members.Values.SelectMany(member => member.Lines), line => Assert.True(line.Value.Available >= 0, "I1"));
        }

        // I17: whatever is under way, the members' wallets and what is between them add up to what was ingested.
        foreach (var (from, to) in Ids.SelectMany(from => Ids.Select(to => (from, to))))
        {
            foreach (var (bucket, taken) in Hub[to].State.Taken.GetValueOrDefault(from)?.Lines ?? [])
            {
                Assert.True(taken <= Hub[from].State.Sent[to].Lines[bucket], $"{to} took more of {bucket} from {from} than was sent");
            }
        }

        Assert.Equal(0, _ledger.Values.Sum());
        Assert.Equal(-Hub.Values.Sum(machine => machine.State.TotalOf(Bucket.Principal)), _ledger.GetValueOrDefault("wallet/principal"));
        Assert.True(_ledger.GetValueOrDefault("transit/principal") <= 0, "more arrived than was sent");
        foreach (var id in Ids)
        {
            var hops = 0;
            for (var next = id; Hub[next].State.IsAlias; next = Hub[next].State.AliasOf)
            {
                Assert.True(++hops < Ids.Length, "aliases lead in a circle");
            }
        }
    }

    /// <summary>After settling: everything that was ever sold is in some wallet, once; nothing is between members; and replay gives the same.</summary>
    public void CheckSettled()
    {
        foreach (var (bucket, truth) in Oracle)
        {
            Assert.Equal(truth, Hub.Values.Sum(machine => machine.State.TotalOf(bucket)));
        }

        Assert.All(_ledger.Where(entry => entry.Key.StartsWith("transit/", StringComparison.Ordinal)), entry => Assert.Equal(0, entry.Value));
        foreach (var (id, machine) in Hub)
        {
            Assert.Equal(machine.State.IsAlias, machine.State.IsAlias && Hub[machine.State.AliasOf].State.Aliases.ContainsKey(id));
            Assert.All(machine.State.Aliases.Keys, alias => Assert.Equal(id, Hub[alias].State.AliasOf));
            Assert.Empty(machine.State.Offers);
            var replayed = Replay(id);
            Assert.Equal(Describe(machine.State), Describe(replayed));
        }
    }

    private static string Describe(MemberState state) => string.Join('\n', state.Buckets.Select(bucket => $"{bucket.Bucket} P {bucket.Pool} W {bucket.Total} {string.Join(' ', bucket.Lines.Select(line => $"{line.Holder} {line.Outstanding}"))}"))
        + $"\n{state.Version} {state.AliasOf} {string.Join(' ', state.Aliases.Keys)} {state.TotalSpendMinor} {string.Join(' ', state.Visits)} {string.Join(' ', state.Parcels)} {string.Join(' ', state.Followers)} {string.Join(' ', state.Survivors)} {state.TotalReceivableMinor}";

    private void Sell(Store store, MemberId id)
    {
        var member = store.Resolve(id);
        Unite(store);
        var decision = _random.Chance(500)
            ? _till.TopUp(new TopUpCommand(Context(), member.Id, _random.Between(1, 15_000)), member, store.NextId)
            : _till.Sale(new SaleCommand(Context(), member.Id, _random.Between(1, 4_000), 0, 0), member, store.NextId);
        if (decision.Op is { } op)
        {
            Log(store, op);
        }
        else if (decision.Rejection!.Wanted.Count > 0)
        {
            Turn(member.Id, new RightsWanted(store.Holder, ++_request, [.. decision.Rejection.Wanted.Select(want => new GrantedLine(want.Bucket, want.Granted))], _random.Chance(700)));
        }
    }

    private void Unite(Store store)
    {
        foreach (var member in store.Members.Values.ToArray())
        {
            if (TillMachine.Unite(member, store.Resolve(member.Id), store.NextId, NowMs) is { } ops)
            {
                Log(store, ops.Out);
                Log(store, ops.In);
            }
        }
    }

    private void Log(Store store, Op op)
    {
        Assert.Null(OpDefects.Find(op));
        TillMachine.Apply(op, store.Get(op.Member));
        store.Log.Add(op);
        Count(op.Type.ToString());
        foreach (var move in op.Type is OpType.AliasOut or OpType.AliasIn ? [] : op.Moves)
        {
            Oracle[move.Bucket] = Oracle.GetValueOrDefault(move.Bucket) + (move.Kind == MoveKind.Credit ? move.AmountMinor : move.Kind == MoveKind.Debit ? -move.AmountMinor : 0);
        }
    }

    private void DeliverOp(Store store)
    {
        if (store.Delivered < store.Log.Count && _random.Chance(850))
        {
            DeliverNext(store);
        }
        else if (store.Delivered > 0)
        {
            var old = store.Log[_random.Below(store.Delivered)];
            Turn(old.Member, new OpArrived(old));
        }
    }

    private void DeliverNext(Store store)
    {
        var op = store.Log[store.Delivered++];
        Turn(op.Member, new OpArrived(op));
    }

    private void DeliverPost()
    {
        if (_posts.Count > 0)
        {
            // The oldest of a random pair: two grains may live in two processes, but what one says to the other keeps its order.
            var picked = _random.Pick(_posts);
            var index = _posts.FindIndex(post => post.From == picked.From && post.To == picked.To);
            var (_, to, message) = _posts[index];
            if (!_random.Chance(200))
            {
                _posts.RemoveAt(index);
            }

            Turn(to, message);
        }
    }

    private void DeliverToStore()
    {
        if (_toStores.Count > 0)
        {
            var index = _random.Below(_toStores.Count);
            var (store, member, effect) = _toStores[index];
            _toStores.RemoveAt(index);
            if (!_random.Chance(100))
            {
                Receive(store, member, effect);
            }
        }
    }

    private void Relinquish(Store store, MemberId id)
    {
        var member = store.Get(id);
        if (_till.Relinquish(member, [.. member.Lines.Select(line => new RevokeLine(line.Key, 0, line.Value.Granted))], store.NextId, NowMs) is { } op)
        {
            Log(store, op);
        }
    }

    // Only events survive: every grain is rebuilt from them, and goes on with what was under way.
    private void Crash()
    {
        Count("Crash");
        _posts.Clear();
        _deadlines.Clear();
        foreach (var id in Ids)
        {
            Hub[id] = new MemberMachine(Replay(id));
        }

        Resume();
    }

    private MemberState Replay(MemberId id)
    {
        var replayed = new MemberState(id, Make.Currency);
        foreach (var applied in _journal[id])
        {
            replayed.Apply(applied.Event, applied.RecordedAtMs);
        }

        return replayed;
    }

    // As the hub does after a restart: everything that was under way is said again.
    private void Resume()
    {
        foreach (var work in _underWay.Keys.ToArray())
        {
            Turn(work.From, new ResumeMerge(work.Kind, work.To));
        }
    }

    private void Receive(Store store, MemberId member, MemberEffect effect)
    {
        switch (effect)
        {
            case SendRights rights:
                store.Grant(member, rights.Lines);
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
                if (_till.Relinquish(store.Get(member), ask.Lines, store.NextId, NowMs) is { } op)
                {
                    Log(store, op);
                }

                _posts.Add((default, member, new RevokeAnswered(store.Holder, ask.Ask)));
                break;
            default:
                break;
        }

        Unite(store);
    }

    private void Turn(MemberId id, MemberMessage message)
    {
        var turn = Hub[id].Turn(message, this);
        if (!_journal.TryGetValue(id, out var events))
        {
            _journal[id] = events = [];
        }

        events.AddRange(turn.Events);
        foreach (var applied in turn.Events)
        {
            Count(applied.Event.GetType().Name);
            foreach (var entry in applied.Outcome?.Transaction.Entries ?? [])
            {
                _ledger[entry.Account] = _ledger.GetValueOrDefault(entry.Account) + entry.AmountMinor;
            }
        }

        foreach (var work in turn.UnderWay)
        {
            var key = (work.Kind, work.From, work.To);
            var said = _underWay.GetValueOrDefault(key);
            if (!work.IsDone)
            {
                _underWay[key] = Math.Max(said, work.Version);
            }
            else if (work.Ends(said))
            {
                _underWay.Remove(key);
            }
        }

        foreach (var effect in turn.Effects)
        {
            Route(id, effect);
        }

        if (turn.Events.Count > 0)
        {
            _toStores.RemoveAll(sent => sent.Member == id && sent.Effect is SendChange); // the newest is enough
            _toStores.AddRange(Hub[id].State.Followers.Select(store => (Stores[store.Value - 1], id, (MemberEffect)new SendChange(store, MemberView.Of(Hub[id].State)))));
        }
    }

    private void Route(MemberId from, MemberEffect effect)
    {
        switch (effect)
        {
            case PostTo post:
                _posts.Add((from, post.To, post.Message));
                break;
            case StartDeadline deadline:
                _deadlines.Add((from, deadline.Ask));
                break;
            case SendRights to:
                _toStores.Add((Stores[to.Holder.Store.Value - 1], from, to));
                break;
            case SendRightsReply to:
                _toStores.Add((Stores[to.Holder.Store.Value - 1], from, to));
                break;
            case SendIdentifyReply to:
                _toStores.Add((Stores[to.Holder.Store.Value - 1], from, to));
                break;
            case AskRevoke to:
                _toStores.Add((Stores[to.Holder.Store.Value - 1], from, to));
                break;
            case SendChange to:
                _toStores.Add((Stores[to.Store.Value - 1], from, to));
                break;
            case Refused:
                Count("Refused");
                break;
            default:
                break;
        }
    }

    private TillContext Context() => new($"r{++_request}", "till", "kim", NowMs);

    private void Count(string what) => Happened[what] = Happened.GetValueOrDefault(what) + 1;

    /// <summary>One store: its log, and each member's lines and replica.</summary>
    internal sealed class Store(int number)
    {
        public Holder Holder { get; } = Make.Holder(number);

        public SortedDictionary<MemberId, MemberHere> Members { get; } = [];

        public List<Op> Log { get; } = [];

        public int Delivered { get; set; }

        public OpId NextId => new(Holder, Log.Count + 1);

        public MemberHere Get(MemberId id) => Members.TryGetValue(id, out var member) ? member : Members[id] = new MemberHere(id);

        public MemberHere Resolve(MemberId id)
        {
            var member = Get(id);
            for (var hops = 0; hops < 8 && member.Replica is { } replica && replica.AliasOf != default && Get(replica.AliasOf).IsKnown; hops++)
            {
                member = Get(replica.AliasOf);
            }

            return member;
        }

        public void Grant(MemberId id, IEnumerable<GrantedLine> lines)
        {
            foreach (var (bucket, granted) in lines)
            {
                Get(id).Lines[bucket] = Get(id).LineOf(bucket).WithGranted(granted);
            }
        }

        public void Learn(MemberView view)
        {
            Grant(view.Id, view.Buckets.SelectMany(bucket => bucket.Lines.Where(line => line.Holder == Holder).Select(line => new GrantedLine(bucket.Bucket, line.Granted))));
            if (Get(view.Id).Replica?.Version >= view.Version)
            {
                return;
            }

            Get(view.Id).Replica = new Replica
            {
                Version = view.Version,
                Profile = view.Profile,
                LifetimeSpendMinor = view.LifetimeSpendMinor,
                AsOfMs = view.RecordedAtMs,
                AliasOf = view.AliasOf,
                Holdings = [.. view.Buckets.SelectMany(bucket => bucket.Lines.Select(line => new Holding(bucket.Bucket, line.Holder.Store, line.Outstanding)).Append(new Holding(bucket.Bucket, default, bucket.Pool)))],
                OwnLines = view.Buckets.ToDictionary(bucket => bucket.Bucket, bucket => bucket.Lines.Where(line => line.Holder == Holder)
                    .Select(line => new AgentLine(line.Granted, line.Credited, line.Debited, line.Relinquished)).FirstOrDefault()),
            };
        }
    }
}
