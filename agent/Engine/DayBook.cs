using Google.Protobuf;
using SyncHub.Core.Ops;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;

namespace SyncHub.Agent.Engine;

/// <summary>The totals of the business day so far. They change in the transaction of each op, so closing the day reads no history.</summary>
internal sealed class DayBook(Workspace work)
{
    private const string Collection = "day";
    private static readonly byte[] Today = "today"u8.ToArray();

    public V1.CloseDayAnswer Read() => work.ReadKept(Collection, Today) is { } bytes ? V1.CloseDayAnswer.Parser.ParseFrom(bytes) : new V1.CloseDayAnswer();

    /// <param name="op">An op that was just logged.</param>
    /// <param name="undone">For a void: the op that it undoes.</param>
    public void Count(Op op, OwnOp? undone)
    {
        var day = Read();
        day.SinceMs = day.SinceMs == 0 ? op.OccurredAtMs : day.SinceMs;
        switch (op.Type)
        {
            case OpType.Sale:
                day.Sales++;
                day.SalesStoredValueMinor += op.MoneyMinor(MoveKind.Debit) + op.OnAccountMinor;
                day.ExpectedCashMinor += op.OtherTenderMinor;
                break;
            case OpType.TopUp:
                day.TopUps++;
                day.TopUpCashMinor += CashOf(op.Tender, op.BillMinor);
                day.ExpectedCashMinor += CashOf(op.Tender, op.BillMinor);
                break;
            case OpType.Void when undone?.Type == OpType.TopUp:
                day.TopUps -= undone.Right == RefundRight.AsLogged(undone.Id) ? 1 : 0; // one of another day or store was never counted here
                day.TopUpCashMinor -= CashOf(undone.Tender, undone.BillMinor);
                day.ExpectedCashMinor -= CashOf(undone.Tender, undone.BillMinor);
                break;
            case OpType.Void when undone?.Type == OpType.Sale:
                day.RefundsMinor += op.MoneyMinor(MoveKind.Credit);
                day.ExpectedCashMinor -= undone.OtherTenderMinor;
                break;
            case OpType.Refund:
                day.RefundsMinor += op.MoneyMinor(MoveKind.Credit);
                break;
            default:
                return;
        }

        work.Write(Collection, Today, day.ToByteArray());
    }

    // A card's money is not in the drawer, neither when it comes nor when it is given back.
    private static long CashOf(Tender tender, long billMinor) => tender is Tender.Unspecified or Tender.Cash ? billMinor : 0;

    public void StartNew(long nowMs) => work.Write(Collection, Today, new V1.CloseDayAnswer { SinceMs = nowMs }.ToByteArray());
}
