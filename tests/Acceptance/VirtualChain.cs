using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;

namespace SyncHub.Acceptance;

/// <summary>A hub's member machines and all stores on virtual time: messages arrive in order and at once while a store is online, and wait while it is not.</summary>
internal sealed class VirtualChain : ITurnContext
{
    private readonly OutageSchedule _outages;
    private readonly Tally _tally;
    private readonly MemberMachine[] _members;
    private readonly Queue<(int Member, MemberMessage Message)> _toHub = [];
    private readonly PriorityQueue<int, long> _returns = new();
    private readonly HashSet<int> _expected = [];
    private readonly List<(int Member, long Ask)> _deadlines = [];
    private long _number;

    public VirtualChain(PurchaseTrace trace, Ruleset rules, PlacementPolicy policy, OutageSchedule outages, Tally tally)
    {
        Policy = policy;
        _outages = outages;
        _tally = tally;
        Stores = [.. Enumerable.Range(0, trace.Stores).Select(store => new VirtualStore(store, rules))];
        _members = [.. Enumerable.Range(0, trace.Members).Select(member => new MemberMachine(new MemberState(IdOf(member), new Asset(rules.Currency))))];
    }

    public IReadOnlyList<VirtualStore> Stores { get; }

    public long NowMs { get; private set; }

    public PlacementPolicy Policy { get; }

    public long FloorLimitMinor { get; init; }

    public bool IsOnline(Holder holder) => IsOnline(holder.Store.Value - 1);

    public Holder? OnlineHolder(StoreId store) => IsOnline(store.Value - 1) ? Stores[store.Value - 1].Holder : null;

    public long NextAsk() => ++_number;

    public bool IsOnline(int store) => _outages.EndOf(store, NowMs) is null;

    public MemberState StateOf(int member) => _members[member].State;

    public static MemberId IdOf(int member) => new((UInt128)(ulong)(member + 1));

    /// <summary>Lets time pass; stores whose outage has ended deliver what waited and catch up.</summary>
    public void AdvanceTo(long atMs)
    {
        while (_returns.TryPeek(out var store, out var end) && end <= atMs)
        {
            _returns.Dequeue();
            _expected.Remove(store);
            NowMs = end;
            Return(store);
        }

        NowMs = atMs;
    }

    /// <summary>Logs an op at a store, and delivers it if there is a network.</summary>
    public void Log(int store, int member, Op op)
    {
        Stores[store].Log(member, op);
        Deliver(store);
        Settle();
    }

    /// <summary>A till identifies the member at an online store.</summary>
    public void Identify(int store, int member)
    {
        _tally.Count(Frame.Identify);
        _toHub.Enqueue((member, new IdentifyWanted(Stores[store].Holder, ++_number, Prefetch: true)));
        Settle();
    }

    /// <summary>A checkout at an online store asks for rights.</summary>
    public void AskRights(int store, int member, IEnumerable<GrantedLine> targets)
    {
        _tally.Count(Frame.RightsRequest);
        _toHub.Enqueue((member, new RightsWanted(Stores[store].Holder, ++_number, [.. targets], Checkout: true)));
        Settle();
    }

    private void Return(int store)
    {
        Deliver(store);
        Settle();
        var missed = Stores[store].Missed.ToArray();
        Stores[store].Missed.Clear();
        foreach (var member in missed)
        {
            _toHub.Enqueue((member, new CatchUpWanted(Stores[store].Holder)));
            Settle();
        }
    }

    private void Deliver(int store)
    {
        if (!IsOnline(store))
        {
            Expect(store);
            return;
        }

        while (Stores[store].Outbox.TryDequeue(out var next))
        {
            _tally.Count(next.Op.Type == OpType.Relinquish ? Frame.Relinquish : Frame.Op);
            _toHub.Enqueue((next.Member, new OpArrived(next.Op)));
        }
    }

    // Until nothing is under way any more. A checkout that still waits then waits for a store that will not answer: its deadline passes.
    private void Settle()
    {
        do
        {
            while (_toHub.TryDequeue(out var next))
            {
                Turn(next.Member, next.Message);
            }

            foreach (var (member, ask) in _deadlines)
            {
                _toHub.Enqueue((member, new RevokeExpired(ask)));
            }

            _deadlines.Clear();
        }
        while (_toHub.Count > 0);
    }

    private void Turn(int member, MemberMessage message)
    {
        var machine = _members[member];
        var turn = machine.Turn(message, this);
        foreach (var applied in turn.Events.Where(applied => applied.Outcome is { Classification: not Classification.Normal }))
        {
            throw new InvalidOperationException($"Overdraft: {applied.Outcome!.Note}");
        }

        foreach (var effect in turn.Effects)
        {
            Release(member, effect);
        }

        if (turn.Events.Count == 0)
        {
            return;
        }

        MemberView? view = null;
        foreach (var follower in machine.State.Followers)
        {
            var store = follower.Value - 1;
            if (IsOnline(store))
            {
                _tally.Count(Frame.MemberDelta);
                Stores[store].Learn(member, view ??= MemberView.Of(machine.State));
            }
            else if (!Stores[store].Missed.Contains(member))
            {
                Stores[store].Missed.Add(member);
                Expect(store);
            }
        }
    }

    private void Release(int member, MemberEffect effect)
    {
        switch (effect)
        {
            case AcknowledgeOp:
                _tally.Count(Frame.Ack);
                break;
            case SendRights send:
                _tally.Count(Frame.Rights);
                StoreOf(send.Holder).Grant(member, IdOf(member), send.Lines);
                break;
            case SendRightsReply reply:
                _tally.Count(Frame.RightsReply);
                StoreOf(reply.Holder).Learn(member, reply.View);
                break;
            case SendIdentifyReply reply:
                _tally.Count(Frame.IdentifyReply);
                StoreOf(reply.Holder).Learn(member, reply.View);
                break;
            case SendChange change:
                _tally.Count(Frame.MemberDelta);
                Stores[change.Store.Value - 1].Learn(member, change.View);
                break;
            case AskRevoke ask:
                Revoke(member, ask);
                break;
            case StartDeadline deadline:
                _deadlines.Add((member, deadline.Ask));
                break;
            default:
                break; // a catch-up is done at once, and there is no HQ here
        }
    }

    private void Revoke(int member, AskRevoke ask)
    {
        var store = StoreOf(ask.Holder);
        _tally.Count(Frame.RevokeAsk);
        if (store.Till.Relinquish(store.Member(member, IdOf(member)), ask.Lines, store.NextId, NowMs) is { } op)
        {
            store.Log(member, op);
            Deliver(ask.Holder.Store.Value - 1);
            return; // the op itself answers
        }

        _tally.Count(Frame.RevokeDone);
        _toHub.Enqueue((member, new RevokeAnswered(ask.Holder, ask.Ask)));
    }

    private void Expect(int store)
    {
        if (_outages.EndOf(store, NowMs) is { } end && _expected.Add(store))
        {
            _returns.Enqueue(store, end);
        }
    }

    private VirtualStore StoreOf(Holder holder) => Stores[holder.Store.Value - 1];
}
