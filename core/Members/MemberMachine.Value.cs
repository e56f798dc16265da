using SyncHub.Core.Rules;

namespace SyncHub.Core.Members;

/// <summary>What the passing of time and free value make due, whatever the message was about.</summary>
public sealed partial class MemberMachine
{
    // Before other work, so that nothing expired is granted; after an op, so that what came back does not go to a checkout first;
    // and at the end, for messages that free value in other ways.
    private void Tidy(TurnResult turn, ITurnContext context)
    {
        // A restored hub does not know yet what of the pool it had granted before: nothing of it may go.
        if (!context.IsReconciling && Expiry.Find(State, Calendar.DayOf(context.NowMs)) is { } expired)
        {
            Apply(expired, turn, context);
        }
    }
}
