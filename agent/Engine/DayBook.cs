using Google.Protobuf;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>The totals of the business day so far. The log has them; what is written beside it, now and then, only saves reading it from the last day close on.</summary>
/// <remarks>Owned by the engine; not thread-safe.</remarks>
internal sealed class DayBook(Workspace work, AgentMemory memory)
{
    private const string Collection = "day";
    private const int OpsBetweenSaves = 256;
    private static readonly byte[] SoFar = "so-far"u8.ToArray();
    private static readonly byte[] Today = "today"u8.ToArray(); // where programs of before wrote the totals with each op

    private V1.CloseDayAnswer _day = new();
    private long _saved; // up to which op the totals are written

    /// <summary>The totals; they belong to the caller.</summary>
    public V1.CloseDayAnswer Read() => _day.Clone();

    /// <summary>Reads what was written and adds what the log has behind it.</summary>
    /// <param name="find">For a void: the op that it undid.</param>
    public void Load(Func<OpId, OwnOp?> find)
    {
        var written = work.Read(Collection, SoFar) is { } bytes ? V1.DaySoFar.Parser.ParseFrom(bytes) : TakeOver();
        _day = V1.CloseDayAnswer.Parser.ParseFrom(written.Totals);
        _saved = written.Incarnation == work.Holder.Incarnation.Value ? written.Through : 0;
        foreach (var op in Switches.IsOff(Mechanism.DayIsReadFromTheLog) ? [] : work.ReadOpsAfter(_saved))
        {
            if (op.Type == OpType.CloseDay)
            {
                _day = new V1.CloseDayAnswer { SinceMs = op.OccurredAtMs }; // by a program of before, which did not write where it stood
            }
            else
            {
                Add(op, op.Type == OpType.Void && op.Reference is { } undone ? find(undone) : null);
            }
        }
    }

    // What a program of before wrote is as of its newest op, whichever that was. Kept with the first op of this program's: from there on the log counts.
    private V1.DaySoFar TakeOver()
    {
        var taken = new V1.DaySoFar
        {
            Totals = ByteString.CopyFrom(work.Read(Collection, Today) ?? []),
            Incarnation = work.Holder.Incarnation.Value,
            Through = work.TipSequence,
        };
        work.WriteLazily(Collection, SoFar, taken.ToByteArray());
        return taken;
    }

    /// <summary>Counts an op that was just logged.</summary>
    /// <param name="op">The op.</param>
    /// <param name="undone">For a void: the op that it undoes.</param>
    public void Count(Op op, OwnOp? undone)
    {
        Add(op, undone);
        if (op.Id.Sequence - _saved >= OpsBetweenSaves)
        {
            Save();
        }
    }

    /// <summary>A day begins with the next op.</summary>
    public void StartNew(long nowMs)
    {
        _day = new V1.CloseDayAnswer { SinceMs = nowMs };
        Save();
    }

    /// <summary>Writes the totals with where the log stands; also when a life has begun, whose log does not have the ops of the one before.</summary>
    public void Save()
    {
        _saved = work.TipSequence;
        work.Write(Collection, SoFar, new V1.DaySoFar { Totals = _day.ToByteString(), Incarnation = work.Holder.Incarnation.Value, Through = _saved }.ToByteArray());
    }

    private void Add(Op op, OwnOp? undone)
    {
        var day = _day;
        var since = day.SinceMs == 0 ? op.OccurredAtMs : day.SinceMs;
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
                day.TopUps -= undone.Id.Holder == work.Holder && undone.Id.Sequence > memory.ClosedUpTo ? 1 : 0; // one of another day, life or store was never counted here, whoever may undo it now
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

        day.SinceMs = since;
    }

    // A card's money is not in the drawer, neither when it comes nor when it is given back.
    private static long CashOf(Tender tender, long billMinor) => tender is Tender.Unspecified or Tender.Cash ? billMinor : 0;
}
