using SyncHub.Core.Ops;
using SyncHub.Core.Rules;

namespace SyncHub.Core.Tills;

/// <summary>Who has to stand behind an op: a cashier who signed in, and a second person for what is large or made by hand.</summary>
public sealed partial class TillMachine
{
    /// <summary>Why <paramref name="op"/> may not be logged with those who stand behind it; null where it may.</summary>
    public Rejection? FindUnsigned(Op op)
    {
        var people = Rules.Cashiers ?? CashierRules.Default;
        if (people.Required && op.Cashier.Length == 0)
        {
            return new Rejection(RejectionCode.NotSignedIn, "A cashier has to sign in at this till first (SignIn with name and PIN), and each request carry the session.");
        }

        var needsTwo = op is { Type: OpType.Adjust, Reference: null }
            || (op.Type is OpType.Void or OpType.Refund && people.ApprovalAboveMinor > 0 && UndoneMinor(op) > people.ApprovalAboveMinor);
        var first = op.Cashier.Length > 0 ? op.Cashier : op.Operator;
        return needsTwo && !people.OnePersonIsEnough && (op.Approver.Length == 0 || string.Equals(op.Approver, first, StringComparison.OrdinalIgnoreCase))
            ? new Rejection(RejectionCode.ApprovalNeeded, "A second person, a store manager or above, has to approve this with name and PIN (approver, approver_pin). A store where nobody has a PIN: headquarters can order it (`synchub order`).")
            : null;
    }

    // The largest of what it says and what it moves: a void names the bill, and may give back more than money that was paid.
    private static long UndoneMinor(Op op) =>
        Math.Max(op.BillMinor, Math.Max(op.MoneyMinor(MoveKind.Credit), op.MoneyMinor(MoveKind.Debit)) + op.AmountOf(MoveKind.Settle, Wallets.Bucket.Principal));
}
