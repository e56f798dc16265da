using SyncHub.Core.Cases;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

// Merge between two grains, each with its own stream (docs/protocol.md, Merge). Everything a grain promises is an event before it is
// said; everything said is absolute and is said again until it is taken, so a crash, a loss or a repetition moves nothing twice.
public sealed partial class MemberMachine
{
    private readonly SortedDictionary<MemberId, object> _merging = [];
    private readonly List<Unmerging> _unmerging = [];

    private bool TurnMerge(MemberMessage message, TurnResult turn, ITurnContext context)
    {
        switch (message)
        {
            case MergeWanted wanted:
                OnMergeWanted(wanted, turn, context);
                return true;
            case MergeInto into:
                OnMergeInto(into, turn, context);
                return true;
            case MergeRefused refused:
                OnMergeRefused(refused, turn, context);
                return true;
            case TransferArrived arrived:
                OnTransferArrived(arrived, turn, context);
                return true;
            case TransferTaken taken:
                OnTransferTaken(taken, turn, context);
                return true;
            case UnmergeWanted wanted:
                OnUnmergeWanted(wanted, turn, context);
                return true;
            case ReleaseAlias release:
                OnReleaseAlias(release, turn, context);
                return true;
            case ReleaseTaken taken:
                turn.UnderWay.Add(new UnderWay(UnderWayKind.Release, State.Id, taken.Alias, IsDone: true, taken.UpToOffer));
                return true;
            case ResumeMerge resume:
                OnResume(resume, turn);
                return true;
            default:
                return false;
        }
    }

    // 1. The survivor promises to take the loser in. While it promises it becomes nobody's alias: so the aliases stay a forest.
    private void OnMergeWanted(MergeWanted wanted, TurnResult turn, ITurnContext context)
    {
        var refusal = wanted.Loser == State.Id ? "A member cannot be merged into itself."
            : !State.Registered ? "The survivor is not registered. Register it first, or merge the other way round."
            : State.IsErased ? "The survivor was erased."
            : State.IsAlias ? $"The survivor was itself merged into {State.AliasOf}. Merge into that member."
            : null;
        if (refusal is not null)
        {
            turn.Effects.Add(new Refused(wanted.Reply, refusal));
            return;
        }

        if (State.Aliases.ContainsKey(wanted.Loser))
        {
            turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
            return;
        }

        AnswerMerge(wanted.Loser, turn, "Another call for this merge came after this one; look at the member.");
        _merging[wanted.Loser] = wanted.Reply;
        // Else the loser was asked before, and its word is under way. It is not asked twice: an offer that came late, after it was withdrawn, could make a ring of aliases.
        if (!State.Offers.ContainsKey(wanted.Loser))
        {
            Apply(new MergeOffered(wanted.Loser, wanted.Operator, wanted.Reason), turn, context);
            turn.UnderWay.Add(new UnderWay(UnderWayKind.Offer, State.Id, wanted.Loser, IsDone: false, State.Version));
            turn.Effects.Add(new PostTo(wanted.Loser, new MergeInto(State.Id, State.Version, wanted.Operator, wanted.Reason)));
        }
    }

    // 2. The loser becomes an alias, or says why not. What it has free leaves at the end of the turn.
    private void OnMergeInto(MergeInto into, TurnResult turn, ITurnContext context)
    {
        var refusal = State.Version == 0 ? "The hub knows no such member."
            : State.IsErased ? "It was erased."
            : State.IsAlias && State.AliasOf != into.Survivor ? $"It was merged into {State.AliasOf} before."
            : State.Aliases.ContainsKey(into.Survivor) ? "The survivor was merged into it."
            : State.Offers.Count > 0 && !Switches.IsOff(Mechanism.OffersComeFirst) ? "A merge into it is under way. Try again when that is done."
            : null;
        if (refusal is not null)
        {
            turn.Effects.Add(new PostTo(into.Survivor, new MergeRefused(State.Id, into.Offer, refusal)));
        }
        else if (State.IsAlias && State.AliasOffer >= into.Offer)
        {
            TellSurvivor(turn);
        }
        else
        {
            Apply(new MergedInto(into.Survivor, into.Offer, into.Operator, into.Reason), turn, context);
        }
    }

    private void OnMergeRefused(MergeRefused refused, TurnResult turn, ITurnContext context)
    {
        if (State.Offers.TryGetValue(refused.Loser, out var offer) && offer.Version == refused.Offer)
        {
            Apply(new MergeOfferWithdrawn(refused.Loser, refused.Reason), turn, context);
            turn.UnderWay.Add(new UnderWay(UnderWayKind.Offer, State.Id, refused.Loser, IsDone: true, State.Version));
            AnswerMerge(refused.Loser, turn, refused.Reason);
        }
    }

    // 3. The survivor takes what is new of it. Value of a member that is no alias any more goes straight back.
    private void OnTransferArrived(TransferArrived arrived, TurnResult turn, ITurnContext context)
    {
        var isNew = State.Offers.TryGetValue(arrived.From, out var offer) && offer.Version == arrived.Offer;
        var isAlias = isNew || (State.Aliases.TryGetValue(arrived.From, out var alias) && alias.Offer == arrived.Offer);
        if (arrived.News is { } news && isAlias && (isNew || State.Aliases[arrived.From].News is var known && (known.Version < news.Version || (known.Version == news.Version && known.OwesMinor < news.OwesMinor))))
        {
            Apply(new AliasTaken(arrived.From, news), turn, context);
            if (isNew && !offer.IsLimitSet && news.CreditLimitMinor > State.Credit.LimitMinor && !Switches.IsOff(Mechanism.CreditFollowsTheMerge))
            {
                Apply(new CreditLimitSet(news.CreditLimitMinor) { IsDerived = true }, turn, context); // the larger of the two: HQ has trusted this person with it
            }
        }

        if (arrived.News is not null && !isAlias)
        {
            // It calls itself an alias by an offer that is dead here: it has to hear so before anything goes back to it.
            turn.UnderWay.Add(new UnderWay(UnderWayKind.Release, State.Id, arrived.From, IsDone: false, arrived.Offer));
            turn.Effects.Add(new PostTo(arrived.From, new ReleaseAlias(State.Id, arrived.Offer, "the hub", "the merge was undone or withdrawn")));
        }

        var increments = (State.Taken.GetValueOrDefault(arrived.From) ?? new TransferSums()).IncrementsOf(arrived.Totals);
        if (increments.Lines.Count > 0)
        {
            Apply(new ValueTaken(arrived.From, arrived.Totals), turn, context);
            if (arrived.News is not null && !isAlias)
            {
                SendValue(arrived.From, increments.Lines, turn, context);
            }
        }

        turn.Effects.Add(new PostTo(arrived.From, new TransferTaken(State.Id, arrived.Version)));
        if (isNew && arrived.News is not null)
        {
            turn.UnderWay.Add(new UnderWay(UnderWayKind.Offer, State.Id, arrived.From, IsDone: true, State.Version));
            AnswerMerge(arrived.From, turn, refusal: null);
        }

        if (increments.Lines.Count > 0)
        {
            ServeCheckouts(answered: null, turn, context);
            Place(giver: null, mayAsk: false, turn, context);
        }
    }

    private void OnTransferTaken(TransferTaken taken, TurnResult turn, ITurnContext context)
    {
        // The survivor has the newest word, and so the limit: here it ends, and what stores hold of it ends as it comes back.
        if (State.AliasOf == taken.By && taken.Version >= State.Version && State.Credit.LimitMinor > 0)
        {
            Apply(new CreditLimitSet(0) { IsDerived = true }, turn, context);
        }

        turn.UnderWay.Add(new UnderWay(UnderWayKind.Transfer, State.Id, taken.By, IsDone: true, taken.Version));
    }

    // Undoing a merge first calls in what online stores hold, so that as much as is unspent can go back.
    private void OnUnmergeWanted(UnmergeWanted wanted, TurnResult turn, ITurnContext context)
    {
        var refusal = State.IsAlias ? $"This member was merged into {State.AliasOf}. Undo that merge first."
            : !State.Aliases.ContainsKey(wanted.Alias) ? "The member is no alias of this one."
            : null;
        if (refusal is not null)
        {
            turn.Effects.Add(new Refused(wanted.Reply, refusal));
            return;
        }

        var unmerging = new Unmerging(context.NextAsk(), wanted);
        foreach (var bucket in State.Buckets.Where(bucket => State.Aliases[wanted.Alias].Contributed.GetValueOrDefault(bucket.Bucket) > bucket.Pool))
        {
            foreach (var line in bucket.Lines.Where(line => line.Outstanding > 0 && context.IsOnline(line.Holder)))
            {
                if (!unmerging.Asked.TryGetValue(line.Holder, out var lines))
                {
                    unmerging.Asked.Add(line.Holder, lines = []);
                }

                lines.Add(new RevokeLine(bucket.Bucket, KeepLevel: 0, line.Granted));
            }
        }

        if (unmerging.Asked.Count == 0)
        {
            Unmerge(wanted, turn, context);
            return;
        }

        _unmerging.Add(unmerging);
        turn.Effects.AddRange(unmerging.Asked.Select(ask => new AskRevoke(ask.Key, unmerging.Ask, ask.Value)));
        turn.Effects.Add(new StartDeadline(unmerging.Ask, context.Policy.RevokeDeadlineMs));
    }

    private void OnUnmergeRevokeEnded(long ask, Holder? holder, TurnResult turn, ITurnContext context)
    {
        var index = _unmerging.FindIndex(unmerging => unmerging.Ask == ask);
        if (index < 0)
        {
            return;
        }

        var ended = _unmerging[index];
        if (holder is { } answered && ended.Asked.Remove(answered) && ended.Asked.Count > 0)
        {
            return;
        }

        _unmerging.RemoveAt(index);
        if (State.Aliases.ContainsKey(ended.Wanted.Alias))
        {
            Unmerge(ended.Wanted, turn, context);
        }
        else
        {
            turn.Effects.Add(new Answer(ended.Wanted.Reply, MemberView.Of(State)));
        }
    }

    private void Unmerge(UnmergeWanted wanted, TurnResult turn, ITurnContext context)
    {
        var contributed = State.Aliases[wanted.Alias].Contributed.Where(part => part.Value > 0).ToArray();
        Apply(new AliasReleased(wanted.Alias, wanted.Operator, wanted.Reason), turn, context);
        turn.UnderWay.Add(new UnderWay(UnderWayKind.Release, State.Id, wanted.Alias, IsDone: false, State.Version));
        turn.Effects.Add(new PostTo(wanted.Alias, new ReleaseAlias(State.Id, State.Version, wanted.Operator, wanted.Reason)));
        var back = contributed.Select(part => new BucketTotal(part.Key, Math.Clamp(part.Value, 0, State.Find(part.Key)?.Pool ?? 0))).Where(part => part.TotalMinor > 0).ToArray();
        SendValue(wanted.Alias, back, turn, context);
        var left = contributed.Where(part => part.Key.IsMoney).Sum(part => part.Value) - back.Where(part => part.Bucket.IsMoney).Sum(part => part.TotalMinor);
        if (left > 0)
        {
            turn.Cases.Add(CaseRules.UnmergeIncomplete(State.Id, wanted.Alias, left, State.Version, _nowMs));
        }

        turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
    }

    private void OnReleaseAlias(ReleaseAlias release, TurnResult turn, ITurnContext context)
    {
        if (State.AliasOf == release.Survivor && State.AliasOffer <= release.UpToOffer)
        {
            Apply(new MergeUndone(release.Survivor, release.Operator, release.Reason), turn, context);
        }

        turn.Effects.Add(new PostTo(release.Survivor, new ReleaseTaken(State.Id, release.UpToOffer)));
    }

    private void OnResume(ResumeMerge resume, TurnResult turn)
    {
        switch (resume.Kind)
        {
            case UnderWayKind.Offer when State.Offers.TryGetValue(resume.Peer, out var offer):
                turn.Effects.Add(new PostTo(resume.Peer, new MergeInto(State.Id, offer.Version, offer.Operator, offer.Reason)));
                break;
            case UnderWayKind.Offer:
                break; // another hub has settled it, with the note; to end that here, without an event, could end the note of its next offer
            case UnderWayKind.Transfer when State.AliasOf == resume.Peer:
                TellSurvivor(turn);
                break;
            case UnderWayKind.Transfer when State.Sent.TryGetValue(resume.Peer, out var sums):
                Tell(resume.Peer, sums.Totals, news: null, turn);
                break;
            case UnderWayKind.Release:
                turn.Effects.Add(new PostTo(resume.Peer, new ReleaseAlias(State.Id, OldestLivingOffer(resume.Peer) - 1, "the hub", "gone on with after a restart")));
                break;
            case UnderWayKind.Erasure when State.IsErased && State.Aliases.ContainsKey(resume.Peer):
                turn.Effects.Add(new PostTo(resume.Peer, new EraseAlias(State.Id, "the hub", "gone on with after a restart")));
                break;
            default:
                turn.UnderWay.Add(new UnderWay(resume.Kind, State.Id, resume.Peer, IsDone: true, State.Version));
                break;
        }
    }

    // Every offer to a member before this one is dead.
    private long OldestLivingOffer(MemberId loser) =>
        State.Aliases.TryGetValue(loser, out var alias) ? alias.Offer
        : State.Offers.TryGetValue(loser, out var offer) ? offer.Version
        : State.Version + 1;

    // The end of every turn of an alias: nothing stays free here, and the survivor hears of every change.
    private void DrainToSurvivor(TurnResult turn, ITurnContext context)
    {
        if (!State.IsAlias)
        {
            return;
        }

        // A restored hub may have given the same money to a store that it has not heard yet: nothing moves until it has.
        var free = _isReconciling ? [] : State.Buckets.Where(bucket => bucket.Pool > 0 && MemberState.GoesToSurvivor(bucket.Bucket)).Select(bucket => new BucketTotal(bucket.Bucket, bucket.Pool)).ToArray();
        if (free.Length + turn.Events.Count == 0)
        {
            return;
        }

        if (free.Length > 0)
        {
            Apply(new ValueSent(State.AliasOf, State.TotalsAfterSending(State.AliasOf, free)), turn, context);
        }

        TellSurvivor(turn);
    }

    // Nobody leaves a debt behind by being merged: once its own are settled, the survivor's free principal goes to aliases that owe.
    private void PayForAliases(TurnResult turn, ITurnContext context)
    {
        if (State.Aliases.Count == 0 || Switches.IsOff(Mechanism.DebtsFollowTheMerge))
        {
            return;
        }

        foreach (var alias in State.Aliases.Keys)
        {
            var amount = Math.Min(State.DueTo(alias), State.Find(Bucket.Principal)?.Pool ?? 0);
            if (amount > 0)
            {
                SendValue(alias, [new BucketTotal(Bucket.Principal, amount)], turn, context);
            }
        }
    }

    private void TellSurvivor(TurnResult turn)
    {
        var totals = State.Sent.GetValueOrDefault(State.AliasOf)?.Totals ?? new TransferTotals([], []);
        Tell(State.AliasOf, totals, State.NewsAsAlias, turn);
    }

    private void Tell(MemberId peer, TransferTotals totals, AliasNews? news, TurnResult turn)
    {
        turn.UnderWay.Add(new UnderWay(UnderWayKind.Transfer, State.Id, peer, IsDone: false, State.Version));
        turn.Effects.Add(new PostTo(peer, new TransferArrived(State.Id, State.Version, totals, news, State.AliasOffer)));
    }

    private void SendValue(MemberId to, IReadOnlyList<BucketTotal> amounts, TurnResult turn, ITurnContext context)
    {
        if (amounts.Count == 0)
        {
            return;
        }

        Apply(new ValueSent(to, State.TotalsAfterSending(to, amounts)), turn, context);
        Tell(to, State.Sent[to].Totals, news: null, turn);
    }

    // An alias has nothing to give: the asker learns whose alias it is, and the survivor answers.
    private bool ForwardToSurvivor(MemberMessage message, Holder asker, TurnResult turn, ITurnContext context)
    {
        if (!State.IsAlias)
        {
            return false;
        }

        FollowFrom(asker.Store, turn, context);

        turn.Effects.Add(new SendChange(asker.Store, MemberView.Of(State)));
        turn.Effects.Add(new PostTo(State.AliasOf, message));
        return true;
    }

    private void AnswerMerge(MemberId loser, TurnResult turn, string? refusal)
    {
        if (_merging.Remove(loser, out var reply))
        {
            turn.Effects.Add(refusal is null ? new Answer(reply, MemberView.Of(State)) : new Refused(reply, refusal));
        }
    }

    private sealed class Unmerging(long ask, UnmergeWanted wanted)
    {
        public long Ask { get; } = ask;

        public UnmergeWanted Wanted { get; } = wanted;

        public SortedDictionary<Holder, List<RevokeLine>> Asked { get; } = [];
    }
}
