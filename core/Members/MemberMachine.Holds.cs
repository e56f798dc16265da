using SyncHub.Core.Primitives;

namespace SyncHub.Core.Members;

/// <content>Min-hold (protocol.md 1.6): what a store was given for a checkout stays with it until that checkout is over.</content>
/// <remarks>Two tills with one family card would take the same rights from each other for ever. Forgotten when the grain is evicted: it guards comfort, not money.</remarks>
public sealed partial class MemberMachine
{
    private readonly Dictionary<Holder, long> _holds = [];

    private void Hold(Holder holder) => _holds[holder] = _nowMs;

    private void EndHold(Holder holder) => _holds.Remove(holder);

    private bool IsHeld(Holder holder, ITurnContext context)
    {
        if (!_holds.TryGetValue(holder, out var sinceMs))
        {
            return false;
        }

        // A clock that was set back ends the hold as well: no store may keep rights because of a clock.
        var isHeld = _nowMs >= sinceMs && _nowMs - sinceMs < context.Policy.MinHoldMs;
        if (!isHeld)
        {
            _holds.Remove(holder);
        }

        return isHeld;
    }
}
