using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;

namespace SyncHub.Simulator;

/// <summary>What was taken and given back at a store since its last day close, counted by the god's eye as ops reach the store's disk: it belongs to the disk, and goes back with it.</summary>
internal sealed class DayTally
{
    private readonly HashSet<OpId> _topUps = [];

    /// <summary>Whether an op was undone of which nobody can say any more which of two it was.</summary>
    public bool IsUnknown { get; private set; }

    public long Sales { get; private set; }

    public long StoredValueMinor { get; private set; }

    public long TopUpCashMinor { get; private set; }

    public long RefundsMinor { get; private set; }

    public long ExpectedCashMinor { get; private set; }

    /// <summary>The same for a copy of the disk.</summary>
    public DayTally Copy()
    {
        var copy = new DayTally { IsUnknown = IsUnknown, Sales = Sales, StoredValueMinor = StoredValueMinor, TopUpCashMinor = TopUpCashMinor, RefundsMinor = RefundsMinor, ExpectedCashMinor = ExpectedCashMinor };
        copy._topUps.UnionWith(_topUps);
        return copy;
    }

    /// <summary>Counts an op that the disk has now.</summary>
    /// <param name="op">The op.</param>
    /// <param name="find">All ops of that name that any disk ever had.</param>
    public void Count(Op op, Func<OpId, IReadOnlyList<Op>> find)
    {
        switch (op.Type)
        {
            case OpType.Sale:
                Sales++;
                StoredValueMinor += op.MoneyMinor(MoveKind.Debit) + op.OnAccountMinor;
                ExpectedCashMinor += op.OtherTenderMinor;
                break;
            case OpType.TopUp:
                _topUps.Add(op.Id);
                TopUpCashMinor += CashOf(op);
                ExpectedCashMinor += CashOf(op);
                break;
            case OpType.Refund:
                RefundsMinor += op.MoneyMinor(MoveKind.Credit);
                break;
            case OpType.Void when op.Reference is { } undone:
                Undo(op, find(undone));
                break;
        }
    }

    /// <summary>What a day close says that is not so; empty where all is.</summary>
    public string FindFault(V1.CloseDayAnswer said)
    {
        (string What, long Is, long Said)[] numbers =
        [
            ("sales", Sales, said.Sales), ("stored value", StoredValueMinor, said.SalesStoredValueMinor), ("top-ups", _topUps.Count, said.TopUps),
            ("cash of top-ups", TopUpCashMinor, said.TopUpCashMinor), ("refunds", RefundsMinor, said.RefundsMinor), ("cash in the drawer", ExpectedCashMinor, said.ExpectedCashMinor),
        ];
        return IsUnknown ? "" : string.Join(", ", numbers.Where(static number => number.Is != number.Said).Select(static number => $"{number.What} {number.Said} and not {number.Is}"));
    }

    private void Undo(Op op, IReadOnlyList<Op> named)
    {
        if (named.Select(static one => (one.Type, CashOf(one), one.OtherTenderMinor)).Distinct().Count() != 1)
        {
            IsUnknown = true;
        }
        else if (named[0].Type == OpType.TopUp)
        {
            _topUps.Remove(named[0].Id); // one of another day or store was never counted here
            TopUpCashMinor -= CashOf(named[0]);
            ExpectedCashMinor -= CashOf(named[0]);
        }
        else if (named[0].Type == OpType.Sale)
        {
            RefundsMinor += op.MoneyMinor(MoveKind.Credit);
            ExpectedCashMinor -= named[0].OtherTenderMinor;
        }
    }

    // A card's money is not in the drawer.
    private static long CashOf(Op op) => op.Tender is Tender.Unspecified or Tender.Cash ? op.BillMinor : 0;
}
