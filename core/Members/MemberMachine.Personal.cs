using SyncHub.Core.Mechanisms;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Members;

// Profile, tags and erasure by HQ (protocol.md 1.15).
public sealed partial class MemberMachine
{
    private bool TurnPersonal(MemberMessage message, TurnResult turn, ITurnContext context)
    {
        switch (message)
        {
            case ProfileWanted wanted when Find(wanted.Reply, turn):
                var dots = State.Personal.TagDots.Where(dot => wanted.RemoveTags.Contains(dot.Tag)).Select(dot => dot.Dot).ToArray();
                string[] added = [.. wanted.AddTags.Except(State.Personal.Tags)];
                Apply(new ProfileChanged(wanted.Operator, wanted.Fields, added, dots) { AddedDots = Switches.IsOff(Mechanism.TagsHaveOwnNames) ? [] : [.. added.Select((_, index) => State.HqDot(_nowMs, index))] }, turn, context);
                turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
                return true;
            case PendingDecided decided when Find(decided.Reply, turn):
                OnPendingDecided(decided, turn, context);
                return true;
            case EraseWanted wanted when Find(wanted.Reply, turn):
                Erase(wanted.Operator, wanted.Reason, turn, context);
                turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
                return true;
            case EraseAlias erase:
                Erase(erase.Operator, erase.Reason, turn, context);
                turn.Effects.Add(new PostTo(erase.Survivor, new EraseTaken(State.Id)));
                return true;
            case EraseTaken taken:
                turn.UnderWay.Add(new UnderWay(UnderWayKind.Erasure, State.Id, taken.Alias, IsDone: true, State.Version));
                return true;
            default:
                return message is ProfileWanted or PendingDecided or EraseWanted;
        }
    }

    private bool Find(object reply, TurnResult turn)
    {
        var refusal = State.Version == 0 ? "The hub knows no such member."
            : State.IsAlias ? $"It was merged into {State.AliasOf}. Change that member; erasing it erases this one too."
            : State.IsErased ? "The member was erased; nothing can be written any more."
            : null;
        if (refusal is not null)
        {
            turn.Effects.Add(new Refused(reply, refusal));
        }

        return refusal is null;
    }

    private void OnPendingDecided(PendingDecided decided, TurnResult turn, ITurnContext context)
    {
        var pending = State.Personal.Pending.FirstOrDefault(change => change.Field == decided.Field);
        if (pending.Field == ProfileField.Unspecified)
        {
            turn.Effects.Add(new Refused(decided.Reply, "Nothing is pending for this field. It may have been confirmed or replaced."));
            return;
        }

        var value = decided.IsAccepted ? pending.Value : ProfileFields.Of(State.Profile, decided.Field);
        Apply(new ProfileChanged(decided.Operator, [new FieldChange(decided.Field, value)], [], []), turn, context);
        turn.Effects.Add(new Answer(decided.Reply, MemberView.Of(State)));
    }

    private void Erase(string person, string reason, TurnResult turn, ITurnContext context)
    {
        if (!State.IsErased)
        {
            Apply(new MemberErased(person, reason), turn, context);
        }

        foreach (var alias in State.Aliases.Keys)
        {
            turn.UnderWay.Add(new UnderWay(UnderWayKind.Erasure, State.Id, alias, IsDone: false, State.Version));
            turn.Effects.Add(new PostTo(alias, new EraseAlias(State.Id, person, reason)));
        }
    }
}
