using SyncHub.Core.Cases;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Rights;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>The member grain's mind: takes one message, changes the state by events, says what has to leave.</summary>
/// <remarks>
/// Synchronous and pure; its host writes the events and releases the effects after they are durable. Thread rule: one caller
/// at a time. Crash rule: only events survive; a checkout that was waiting for other stores is simply asked again by its till.
/// </remarks>
public sealed partial class MemberMachine(MemberState state)
{
    private readonly List<Checkout> _checkouts = [];

    // Of the turn under way: read once, because the last store may be heard out, or given up, in its midst: one part of it would
    // then take what is missing for owed and another for a breach, and an honest op would be parked for it.
    private bool _isReconciling;

    // Of the turn under way too: what it writes down in two places, a record and its case, says one time, and no day ends within it.
    private long _nowMs;

    // Of a batch: a sale has come, and rights are placed after the last op of the batch. Who is read anew in its midst forgets it, and places after the next op.
    private bool _isPlacementDue;

    /// <summary>The member's state.</summary>
    public MemberState State { get; } = state;

    /// <summary>Whether somebody waits for an answer that is not decided yet; such a grain is not evicted.</summary>
    public bool IsWaiting => _checkouts.Count + _merging.Count + _unmerging.Count > 0;

    /// <summary>Handles one message.</summary>
    /// <exception cref="InvalidOperationException">An invariant would break; the state is then not to be used any more.</exception>
    public TurnResult Turn(MemberMessage message, ITurnContext context)
    {
        var turn = new TurnResult();
        _nowMs = context.NowMs;
        _isReconciling = context.IsReconciling;
        var claimed = ClaimSet.Of(State);
        MendShortfall(turn, context);
        Tidy(turn, context);
        switch (message)
        {
            case OpArrived arrived:
                OnOp(arrived, turn, context);
                break;
            case ReleaseWanted wanted:
                OnRelease(wanted, turn, context);
                break;
            case LinesReported reported:
                OnLinesReported(reported, turn, context);
                break;
            case FollowReported reported:
                OnFollowReported(reported, turn, context);
                break;
            case MergeReported reported:
                OnMergeReported(reported, turn, context);
                break;
            case RightsWanted wanted:
                OnRightsWanted(wanted, turn, context);
                break;
            case RevokeAnswered answered:
                OnRevokeEnded(answered.Ask, answered.Holder, turn);
                OnUnmergeRevokeEnded(answered.Ask, answered.Holder, turn, context);
                break;
            case RevokeExpired expired:
                OnRevokeEnded(expired.Ask, holder: null, turn);
                OnUnmergeRevokeEnded(expired.Ask, holder: null, turn, context);
                break;
            case IdentifyWanted wanted:
                OnIdentify(wanted, turn, context);
                break;
            case CatchUpWanted wanted:
                OnCatchUp(wanted, turn);
                break;
            case RefundRightWanted wanted:
                OnRefundRight(wanted, turn, context);
                break;
            case UndoneWanted wanted:
                OnUndoneWanted(wanted, turn, context);
                break;
            case UndoneTold told:
                OnUndoneTold(told.Question, turn, context);
                break;
            case UndoneKept kept:
                OnUndoneKept(kept.Former, turn, context);
                break;
            case RefundRightReported reported:
                OnRefundRightReported(reported, turn, context);
                break;
            case ResumeParkedWanted wanted:
                OnResumeParked(wanted, turn, context);
                break;
            case RegisterWanted wanted:
                Apply(new MemberRegistered(wanted.Profile), turn, context);
                turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
                break;
            case StateWanted wanted:
                turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
                break;
            case CreditLimitWanted wanted:
                OnCreditLimit(wanted, turn, context);
                break;
            case SweepWanted wanted:
                if (State.IsAlias && State.TotalReceivableMinor > 0)
                {
                    TellSurvivor(turn); // a survivor whose word of it is of an older hub, which said nothing of debts, hears of them now
                }

                turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
                break;
            default:
                if (!TurnMerge(message, turn, context) && !TurnPersonal(message, turn, context))
                {
                    throw new InvalidOperationException($"Unknown member message {message.GetType().Name}.");
                }

                break;
        }

        Tidy(turn, context);
        DrainToSurvivor(turn, context);
        if (turn.Events.Count > 0 && State.FindBreach(_isReconciling) is { } breach)
        {
            throw new InvalidOperationException(breach);
        }

        FollowProfile(claimed, turn);

        return turn;
    }

    // Claims follow the profile: what it no longer says is released, what it says now is claimed.
    private void FollowProfile(ClaimSet before, TurnResult turn)
    {
        var after = ClaimSet.Of(State);
        if (after == before)
        {
            return;
        }

        turn.Claims.AddRange(before.Claims.Except(after.Claims).Select(claim => new ClaimChange(claim, State.Id, IsTaken: false)));
        turn.Claims.AddRange(after.Claims.Except(before.Claims).Select(claim => new ClaimChange(claim, State.Id, IsTaken: true)));
    }

    private OpOutcome? Apply(MemberEvent change, TurnResult turn, ITurnContext context)
    {
        var outcome = State.Apply(change, _nowMs);
        turn.Events.Add(new AppliedEvent(change, State.Version, _nowMs, outcome));
        return outcome;
    }

    private void OnOp(OpArrived arrived, TurnResult turn, ITurnContext context)
    {
        Take(arrived, turn, context);
        if (_isPlacementDue && !arrived.PlacesLater)
        {
            _isPlacementDue = false;
            Place(giver: null, mayAsk: true, turn, context);
        }
    }

    private void Take(OpArrived arrived, TurnResult turn, ITurnContext context)
    {
        var op = arrived.Op;
        var place = arrived.Place;
        if (State.HasApplied(place) && !Switches.IsOff(Mechanism.MemberMarks))
        {
            turn.Effects.Add(new AcknowledgeOp(place.Holder, place.Sequence, Classification.Normal, ""));
            return;
        }

        if (Park(arrived, turn, context))
        {
            return;
        }

        Heal(op, turn, context);
        var outcome = Apply(new OpApplied(op) { Place = place, HashHead = arrived.HashHead, Undoing = arrived.Undoing, FloorLimitMinor = FloorLimitFor(op, context) }, turn, context)!;
        if (CaseRules.Of(op, outcome, _nowMs) is { } opened)
        {
            turn.Cases.Add(opened);
        }

        turn.Effects.Add(new AcknowledgeOp(place.Holder, place.Sequence, outcome.Classification, outcome.Note));
        Tidy(turn, context);
        // A store that gives rights up after an ask has answered it: nothing more will come.
        ServeCheckouts(op.Type == OpType.Relinquish ? op.Id.Holder : null, turn, context);
        switch (op.Type)
        {
            case OpType.Sale:
                EndHold(op.Id.Holder);
                _isPlacementDue = true;
                break;
            case OpType.Relinquish:
                Place(op.Id.Holder.Store, mayAsk: false, turn, context);
                break;
            default:
                break;
        }
    }

    private void OnRightsWanted(RightsWanted asked, TurnResult turn, ITurnContext context)
    {
        if (State.IsAlias)
        {
            ForwardToSurvivor(new IdentifyWanted(asked.Holder, Request: 0, Prefetch: true), asked.Holder, turn, context);
            turn.Effects.Add(new SendRightsReply(asked.Holder, asked.Request, MemberView.Of(State)));
            return;
        }

        // One target for each bucket, never below zero: two would be granted and asked for one on top of the other.
        var wanted = asked with { Targets = [.. asked.Targets.GroupBy(target => target.Bucket).Select(same => new GrantedLine(same.Key, Math.Max(0, same.Max(target => target.Granted))))] };
        var isGranted = GrantUpTo(wanted.Holder, wanted.Targets, turn, context) is not null; // the reply says how much
        if (wanted.Checkout && isGranted)
        {
            Hold(wanted.Holder);
        }

        var checkout = new Checkout(context.NextAsk(), wanted);
        if (wanted.Checkout && AskOthers(checkout, turn, context))
        {
            _checkouts.Add(checkout);
            turn.Effects.Add(new StartDeadline(checkout.Ask, context.Policy.RevokeDeadlineMs));
            return;
        }

        turn.Effects.Add(new SendRightsReply(wanted.Holder, wanted.Request, MemberView.Of(State)));
    }

    private void OnRevokeEnded(long ask, Holder? holder, TurnResult turn)
    {
        var index = _checkouts.FindIndex(checkout => checkout.Ask == ask);
        if (index < 0)
        {
            return;
        }

        var ended = _checkouts[index];
        if (holder is { } answered)
        {
            ended.Asked.Remove(answered);
            if (ended.Asked.Count > 0)
            {
                return;
            }
        }

        _checkouts.RemoveAt(index);
        turn.Effects.Add(new SendRightsReply(ended.Wanted.Holder, ended.Wanted.Request, MemberView.Of(State)));
    }

    private void OnIdentify(IdentifyWanted wanted, TurnResult turn, ITurnContext context)
    {
        if (ForwardToSurvivor(wanted, wanted.Holder, turn, context))
        {
            return;
        }

        if (!State.Registered)
        {
            turn.Effects.Add(new SendIdentifyReply(wanted.Holder, wanted.Request, MemberView.Of(State)));
            return;
        }

        FollowFrom(wanted.Holder.Store, turn, context);

        if (wanted.Prefetch)
        {
            Prefetch(wanted.Holder, turn, context); // the reply says how much
            PrefetchCredit(wanted.Holder, turn, context);
        }

        turn.Effects.Add(new SendIdentifyReply(wanted.Holder, wanted.Request, MemberView.Of(State)));
    }

    private void OnCatchUp(CatchUpWanted wanted, TurnResult turn)
    {
        if (State.Followers.Contains(wanted.Holder.Store))
        {
            turn.Effects.Add(new SendChange(wanted.Holder.Store, MemberView.Of(State)));
        }

        turn.Effects.Add(new CaughtUp(wanted.Holder, wanted.Reply));
    }

    // protocol.md 1.5: delta = min(P, max(0, target - G)); the absolute target makes a repeated request harmless.
    // Who calls it tells the holder: by a frame of its own, or by the reply that leaves in the same turn anyway.
    private SendRights? GrantUpTo(Holder holder, IReadOnlyList<GrantedLine> targets, TurnResult turn, ITurnContext context)
    {
        if (!context.IsOnline(holder) || (_isReconciling && !Switches.IsOff(Mechanism.ReconcileMode)) || State.IsAlias)
        {
            return null; // a restored hub may have given the same money to a store that it has not heard yet; what an alias has free is on its way to the survivor
        }

        var granted = new List<GrantedLine>();
        foreach (var (bucketId, target) in targets)
        {
            if (State.Find(bucketId) is not { } bucket)
            {
                continue;
            }

            var current = bucket.Find(holder)?.Granted ?? 0;
            var delta = Math.Min(bucket.Pool, Math.Max(0, target - current));
            if (delta > 0)
            {
                granted.Add(new GrantedLine(bucketId, current + delta));
            }
        }

        if (granted.Count == 0)
        {
            return null;
        }

        Apply(new RightsGranted(holder, granted), turn, context);
        return new SendRights(holder, granted);
    }

    // protocol.md 1.6: ask online holders, largest first, until what they hold would cover what is missing.
    private bool AskOthers(Checkout checkout, TurnResult turn, ITurnContext context)
    {
        var asks = new SortedDictionary<Holder, List<RevokeLine>>();
        foreach (var (bucketId, target) in checkout.Wanted.Targets)
        {
            if (State.Find(bucketId) is not { } bucket || !bucket.Bucket.IsValidOn(Rules.Calendar.DayOf(_nowMs)))
            {
                continue; // of an expired lot nothing would come through: what other stores give up goes to breakage
            }

            var missing = target - (bucket.Find(checkout.Wanted.Holder)?.Granted ?? 0);
            var holders = bucket.Lines.Where(line => line.Outstanding > 0 && line.Holder != checkout.Wanted.Holder && context.IsOnline(line.Holder) && !IsHeld(line.Holder, context));
            foreach (var line in holders.OrderByDescending(line => line.Outstanding).ThenBy(line => line.Holder))
            {
                if (missing <= 0)
                {
                    break;
                }

                // Only what is missing: the rest is where placement wanted it, and would have to travel back.
                var keep = Math.Max(0, line.Outstanding - missing);
                missing -= line.Outstanding;
                if (!asks.TryGetValue(line.Holder, out var lines))
                {
                    asks.Add(line.Holder, lines = []);
                }

                lines.Add(new RevokeLine(bucketId, keep, line.Granted));
            }
        }

        foreach (var (holder, lines) in asks)
        {
            if (Switches.IsOff(Mechanism.RelinquishBeforeGrant))
            {
                Apply(new LinesReleased(holder, Identity.ReleaseKind.Closed, "", "", [.. lines.Select(line => new ReleasedLine(line.Bucket, State.Find(line.Bucket)!.Find(holder)!.Outstanding - line.KeepLevel))]), turn, context);
            }

            checkout.Asked.Add(holder);
            turn.Effects.Add(new AskRevoke(holder, checkout.Ask, lines));
        }

        return asks.Count > 0;
    }

    private void ServeCheckouts(Holder? answered, TurnResult turn, ITurnContext context)
    {
        for (var i = 0; i < _checkouts.Count; i++)
        {
            var checkout = _checkouts[i];
            var granted = GrantUpTo(checkout.Wanted.Holder, checkout.Wanted.Targets, turn, context);
            if (granted is not null)
            {
                Hold(checkout.Wanted.Holder);
            }

            var isLast = answered is { } holder && checkout.Asked.Remove(holder) && checkout.Asked.Count == 0;
            if (isLast || IsServed(checkout.Wanted))
            {
                _checkouts.RemoveAt(i--);
                turn.Effects.Add(new SendRightsReply(checkout.Wanted.Holder, checkout.Wanted.Request, MemberView.Of(State)));
            }
            else if (granted is not null)
            {
                turn.Effects.Add(granted);
            }
        }
    }

    private bool IsServed(RightsWanted wanted) =>
        wanted.Targets.All(target => (State.Find(target.Bucket)?.Find(wanted.Holder)?.Granted ?? 0) >= target.Granted);

    private sealed class Checkout(long ask, RightsWanted wanted)
    {
        public long Ask { get; } = ask;

        public RightsWanted Wanted { get; } = wanted;

        public SortedSet<Holder> Asked { get; } = [];
    }
}
