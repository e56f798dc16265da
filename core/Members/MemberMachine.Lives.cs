using SyncHub.Core.Cases;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Members;

/// <content>Ops that wait for a person, lives that end, and a hub that forgot.</content>
public sealed partial class MemberMachine
{
    // protocol.md 1.16: a parked op parks only later ops of the same log for this member; its rights stay reserved, which is the safe side.
    // Of a later op of that log in another chain too: a receipt, or a copy, had brought a part of it first.
    private bool Park(OpArrived arrived, TurnResult turn, ITurnContext context)
    {
        var reason = arrived.ParkBecause.Length > 0 ? arrived.ParkBecause
            : State.FirstParkedOf(arrived.Op.Id.Holder) is { } first && ((first < arrived.Op.Id.Sequence && !Switches.IsOff(Mechanism.ParksTheLog)) || State.Parked.ContainsKey(arrived.Place.Holder)) ? $"op {first} of store {arrived.Place.Holder.Store} waits before it" : "";
        if (reason.Length == 0)
        {
            return false;
        }

        Apply(new OpParked(arrived.Place, reason) { Life = arrived.Op.Id.Holder.Incarnation }, turn, context);
        turn.Cases.Add(CaseRules.Parked(arrived.Op, arrived.Place, reason, _nowMs));
        turn.Effects.Add(new AcknowledgeOp(arrived.Place.Holder, arrived.Place.Sequence, Classification.Anomaly, $"Parked: {reason}. No value was moved; see `synchub case list`."));
        return true;
    }

    // All of a log at once and in order, in whatever chains it stands: an op that still cannot be decided breaks the turn, and nothing of it is written.
    private void OnResumeParked(ResumeParkedWanted wanted, TurnResult turn, ITurnContext context)
    {
        var chains = wanted.Ops.GroupBy(op => op.Place.Holder).ToDictionary(chain => chain.Key, chain => (First: chain.First().Place.Sequence, Last: chain.Last().Place.Sequence));
        if (chains.Count == 0 || !chains.Keys.ToHashSet().SetEquals(State.ParkedChainsOf(wanted.Life)) || chains.Any(chain => chain.Value != (State.Parked[chain.Key], State.Applied[chain.Key])))
        {
            turn.Effects.Add(new Refused(wanted.Reply, "Nothing is parked there any more, or another op came to wait in this moment. List the parked ops again."));
            return;
        }

        foreach (var arrived in wanted.Ops)
        {
            var op = arrived.Op;
            Heal(op, turn, context);
            var outcome = Apply(new OpApplied(op)
            {
                Place = arrived.Place,
                HashHead = arrived.HashHead,
                Undoing = arrived.Undoing,
                FloorLimitMinor = FloorLimitFor(op, context),
                IsResumed = true,
                EndsParking = arrived.Place.Sequence == chains[arrived.Place.Holder].Last,
            }, turn, context)!;
            if (CaseRules.Of(op, outcome, _nowMs) is { } opened)
            {
                turn.Cases.Add(opened);
            }

            Tidy(turn, context);
        }

        ServeCheckouts(answered: null, turn, context);
        Place(giver: null, mayAsk: false, turn, context);
        turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
    }

    private void OnRelease(ReleaseWanted wanted, TurnResult turn, ITurnContext context)
    {
        var held = State.HeldBy(wanted.Holder);
        if (held.Count > 0)
        {
            Apply(new LinesReleased(wanted.Holder, wanted.Kind, wanted.Payer, wanted.Approver, held), turn, context);
            ServeCheckouts(answered: null, turn, context);
            Place(wanted.Holder.Store, mayAsk: false, turn, context);
        }

        turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)) { Amount = held.Where(line => line.Bucket.IsMoney).Sum(line => line.Amount) });
    }

    private void OnLinesReported(LinesReported reported, TurnResult turn, ITurnContext context)
    {
        Heal(reported.Holder, reported.Lines, turn, context);
        turn.Effects.Add(new Answer(reported.Reply, MemberView.Of(State)));
    }

    // What changed since the restored state was written, and what changes from now on, the store must hear: an erasure among it.
    private void OnFollowReported(FollowReported reported, TurnResult turn, ITurnContext context)
    {
        if (!State.Followers.Contains(reported.Store))
        {
            Apply(new MemberFollowed(reported.Store), turn, context);
            if (State.Registered)
            {
                turn.Effects.Add(new SendChange(reported.Store, MemberView.Of(State)));
            }
        }

        turn.Effects.Add(new Answer(reported.Reply, MemberView.Of(State)));
    }

    // protocol.md 1.17: a merge is people's decision, so a restored hub that has forgotten one does not make it again by itself, but says so. One that it knows
    // to be undone, or that went on to another survivor, the store has not heard of yet.
    private void OnMergeReported(MergeReported reported, TurnResult turn, ITurnContext context)
    {
        if (!State.IsAlias && !State.Survivors.Contains(reported.Survivor) && reported.Survivor != State.Id)
        {
            turn.Cases.Add(CaseRules.ForgottenMerge(reported.Survivor, State.Id, reported.Store, _nowMs));
        }

        turn.Effects.Add(new Answer(reported.Reply, MemberView.Of(State)));
    }

    // Only of the state as it was written: a turn that takes more than there is breaks I2, and is not mended but found.
    private void MendShortfall(TurnResult turn, ITurnContext context)
    {
        while (!_isReconciling && Shortfall.Find(State, context) is { } mend)
        {
            var outcome = Apply(mend, turn, context);
            if (mend is ShortfallBorne borne && outcome is not null)
            {
                turn.Cases.Add(CaseRules.Shortfall(State.Id, borne.Bucket, outcome.Transaction, State.Version, _nowMs));
            }
        }
    }

    private void Heal(Op op, TurnResult turn, ITurnContext context)
    {
        if (_isReconciling)
        {
            Heal(op.Id.Holder, op.Moves.Select(move => new GrantedLine(move.Bucket, move.GrantedSeen)), turn, context);
        }
    }

    // Outside reconcile mode a store cannot have seen more than was granted: then it is an anomaly of the op, and nothing is healed.
    private void Heal(Holder holder, IEnumerable<GrantedLine> seen, TurnResult turn, ITurnContext context)
    {
        if (_isReconciling && !Switches.IsOff(Mechanism.GrantHealing) && State.FindForgotten(holder, seen) is { Count: > 0 } forgotten)
        {
            Apply(new RightsHealed(holder, forgotten), turn, context);
        }
    }
}
