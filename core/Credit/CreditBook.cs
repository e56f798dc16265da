using SyncHub.Core.Ledger;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Credit;

/// <summary>The floor limit at the hub (protocol.md 1.13): credit that is placed as rights, what stores advance, and how free principal settles it.</summary>
public static class CreditBook
{
    /// <summary>Sets O(m). Raising it frees credit at the hub; lowering it takes back only what is free, now and as more comes back.</summary>
    public static void Apply(CreditLimitSet set, MemberState member)
    {
        var bucket = member.BucketOf(Bucket.Credit);
        member.Credit.LimitMinor = set.LimitMinor;
        Free(bucket, Math.Max(0, set.LimitMinor - checked(bucket.Total + member.Credit.UsedMinor)));
        Withdraw(member);
    }

    /// <summary>What free principal can settle now, or null.</summary>
    public static ReceivableSettled? FindSettlement(MemberState member)
    {
        var principal = member.Find(Bucket.Principal);
        var settled = Math.Min((Switches.IsOff(Mechanism.SettlesOnlyWhatIsFree) ? principal?.Total : principal?.Pool) ?? 0, member.Credit.ReceivableMinor);
        return settled > 0 ? new ReceivableSettled(checked(member.Credit.SettledMinor + settled)) : null;
    }

    /// <summary>Settles the receivable from free principal.</summary>
    public static OpOutcome Apply(ReceivableSettled settled, MemberState member)
    {
        var amount = Math.Max(0, settled.SettledMinor - member.Credit.SettledMinor);
        var principal = member.BucketOf(Bucket.Principal);
        checked
        {
            member.Credit.SettledMinor += amount;
            principal.Pool -= amount;
            principal.Debited += amount;
        }

        member.ConsumeParcels(amount);
        Settle(member, amount, first: null);
        return OpOutcome.Normal(LedgerTransaction.Between(Accounts.WalletPrincipal, Accounts.MemberReceivable, member.Currency, amount));
    }

    /// <summary>A store gave value to the member on account, or undid it.</summary>
    /// <returns>For a settlement: the part that was no debt any more and is the member's principal again.</returns>
    public static long Apply(Op op, Move move, MemberState member)
    {
        if (move.Kind == MoveKind.Settle)
        {
            return Undo(op, move.AmountMinor, member);
        }

        if (op.Type == OpType.Void)
        {
            member.Credit.OwedMinor = checked(member.Credit.OwedMinor + move.AmountMinor);
            return 0;
        }

        var line = member.Credit.FloorOf(op.Id.Holder);
        member.Credit.Floor[op.Id.Holder] = line with { AdvancedMinor = checked(line.AdvancedMinor + move.AmountMinor) };
        return 0;
    }

    /// <summary>I15: whether a store advanced more than the floor allows, in words; null where it did not. An honest store never does.</summary>
    public static string? FindExcess(Op op, MemberState member, long floorLimit)
    {
        var outstanding = member.Credit.FloorOf(op.Id.Holder).OutstandingMinor;
        return op.Type == OpType.Sale && outstanding > floorLimit && op.Moves.Any(move => move.Kind == MoveKind.Advance)
            ? $"store {op.Id.Holder.Store} has advanced {outstanding} without a right, the floor is {floorLimit}"
            : null;
    }

    /// <summary>Credit was used, or rights to it came back: the books of the limit follow.</summary>
    public static void Follow(Move move, long loss, MemberState member)
    {
        if (move.Bucket == Bucket.Credit)
        {
            member.Credit.UsedMinor = checked(member.Credit.UsedMinor + (move.Kind == MoveKind.Debit ? move.AmountMinor - loss : 0));
            Withdraw(member);
        }
    }

    // The hub may have settled the debt from principal before it hears that the sale is undone: then the member gets that principal back.
    private static long Undo(Op op, long amount, MemberState member)
    {
        var debt = Math.Min(amount, member.Credit.ReceivableMinor);
        Settle(member, debt, op.Id.Holder);
        var back = amount - debt;
        if (back > 0)
        {
            Free(member.BucketOf(Bucket.Principal), back);
            member.AddParcel(new PrincipalParcel(op.Id.Holder.Store, op.RulesetVersion, back));
        }

        return back;
    }

    private static void Settle(MemberState member, long amount, Holder? first)
    {
        var freed = member.Credit.Settle(amount, first);
        if (freed > 0)
        {
            Free(member.BucketOf(Bucket.Credit), freed);
            Withdraw(member);
        }
    }

    private static void Free(BucketState bucket, long amount)
    {
        checked
        {
            bucket.Credited += amount;
            bucket.Pool += amount;
        }
    }

    private static void Withdraw(MemberState member)
    {
        var bucket = member.BucketOf(Bucket.Credit);
        var excess = Math.Clamp(checked(bucket.Total + member.Credit.UsedMinor - member.Credit.LimitMinor), 0, Math.Max(0, bucket.Pool));
        bucket.Pool -= excess;
        bucket.Breakage += excess;
    }
}
