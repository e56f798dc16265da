using SyncHub.Core.Primitives;

namespace SyncHub.Core.Refunds;

/// <summary>The right to void or refund one op: it has one owner at a time (protocol.md 1.12).</summary>
/// <remarks>
/// One rule for a store's own ops and for rights that the hub moved to it: a day close in the owner's log at or after <see cref="Since"/> gives
/// the right up to the hub. Both sides compare the same two numbers of one log, so neither has to tell the other of it.
/// </remarks>
/// <param name="Holder">Who may undo the op.</param>
/// <param name="Since">The first place in that holder's log at which the right may be used: the op itself, or the place after the request for it.</param>
public readonly record struct RefundRight(Holder Holder, long Since)
{
    /// <summary>The right as it begins: with the store that logged the op.</summary>
    public static RefundRight AsLogged(OpId op) => new(op.Holder, op.Sequence);

    /// <summary>Whether the holder's day close at <paramref name="closedUpTo"/> gave it up to the hub.</summary>
    public bool IsGivenUpBy(long closedUpTo) => closedUpTo >= Since;
}
