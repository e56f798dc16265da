using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Agent.Tests;

/// <summary>What a store reads from its log instead of keeping it a second time: ops that may be undone, and the day so far.</summary>
public sealed class LogAloneTests
{
    private readonly EngineDriver _store = new();
    private readonly string _member;

    public LogAloneTests()
    {
        _member = _store.Register();
        _store.TopUp(_member, 10_000);
    }

    [Fact]
    public void A_sale_writes_no_document_of_its_own_and_is_undone_after_a_restart()
    {
        var sale = _store.Sell(_member, 300).Receipt.Op;
        var topUp = _store.TopUp(_member, 500, "t2").Receipt.Op;
        Assert.Empty(_store.Journal.ReadDocuments("own", [], [], 10));
        _store.Crash();
        Assert.Equal(V1.RejectionCode.RefundTooLarge, _store.Pay(new V1.RefundRequest { RequestId = "r1", Op = sale, AmountMinor = 301 }).Rejection.Code);
        Assert.NotNull(_store.Pay(new V1.RefundRequest { RequestId = "r2", Op = sale, AmountMinor = 200 }).Receipt);
        _store.Crash();
        Assert.Equal(V1.RejectionCode.RefundTooLarge, _store.Pay(new V1.RefundRequest { RequestId = "r3", Op = sale, AmountMinor = 101 }).Rejection.Code);
        Assert.NotNull(_store.Pay(new V1.RefundRequest { RequestId = "r4", Op = sale, AmountMinor = 100 }).Receipt);
        Assert.NotNull(_store.Pay(new V1.VoidRequest { RequestId = "v1", Op = topUp }).Receipt);
        Assert.Equal(10_000, _store.Balance(_member).HereMinor);
    }

    [Fact]
    public void Only_what_can_be_undone_is_read_from_the_log()
    {
        var registration = new V1.OpId { Store = EngineDriver.Store, Incarnation = EngineDriver.Holder.Incarnation.Value, Sequence = 1 };
        var unwritten = new V1.OpId(registration) { Sequence = 3 };
        Assert.Equal(V1.RejectionCode.UnknownOp, _store.Pay(new V1.VoidRequest { RequestId = "v1", Op = registration }).Rejection.Code);
        Assert.Equal(V1.RejectionCode.UnknownOp, _store.Pay(new V1.VoidRequest { RequestId = "v2", Op = unwritten }).Rejection.Code);
    }

    [Fact]
    public void A_number_that_an_earlier_life_used_names_this_lifes_op()
    {
        var old = _store.Sell(_member, 300).Receipt.Op;
        Assert.NotNull(_store.Pay(new V1.VoidRequest { RequestId = "v", Op = old }).Receipt); // a document under this number, which says that it was voided
        BeginLife();
        _store.TopUp(_member, 10_000, "t2");
        _store.TopUp(_member, 20, "t3");
        var sale = _store.Sell(_member, 40, "s2").Receipt.Op;
        Assert.Equal(old.Sequence, sale.Sequence);
        Assert.NotNull(_store.Pay(new V1.VoidRequest { RequestId = "v2", Op = sale }).Receipt);
        Assert.Equal(V1.RejectionCode.AlreadyVoided, _store.Pay(new V1.VoidRequest { RequestId = "v3", Op = sale }).Rejection.Code);
    }

    [Fact]
    public void The_day_is_the_same_after_a_restart()
    {
        Trade("a");
        var expected = Close("probe-nothing", isProbe: true);
        _store.Crash();
        Assert.Equal(expected, Close("probe-again", isProbe: true));
        for (var i = 0; i < 300; i++)
        {
            _store.Sell(_member, 1, FormattableString.Invariant($"many-{i}")); // beyond the point at which the totals are written
        }

        _store.Crash();
        Trade("b");
        _store.Crash();
        var day = Close("close", isProbe: false);
        Assert.Equal((304, 3, 10_000 + 1_000), (day.Sales, day.TopUps, day.ExpectedCashMinor));
        Assert.Equal(300 + (2 * (40 + 60)), day.SalesStoredValueMinor);
        Assert.Equal(2 * (40 + 10), day.RefundsMinor);

        _store.Crash();
        Assert.Equal((0, 0), (Close("next", isProbe: true).Sales, Close("next", isProbe: true).ExpectedCashMinor));
        _store.Sell(_member, 5, "next-day");
        _store.Crash();
        Assert.Equal((1, 5), (Close("next", isProbe: true).Sales, Close("next", isProbe: true).SalesStoredValueMinor));
    }

    [Fact]
    public async Task A_day_that_a_program_of_before_began_is_gone_on_with()
    {
        var before = new V1.CloseDayAnswer { SinceMs = 5, Sales = 7, SalesStoredValueMinor = 700, TopUps = 2, TopUpCashMinor = 50, ExpectedCashMinor = 60, RefundsMinor = 3 };
        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite("day", "today"u8.ToArray(), before.ToByteArray()));
        batch.Documents.Add(new DocumentWrite("day", "so-far"u8.ToArray(), null));
        await _store.Journal.CommitAsync(batch);
        _store.Crash(); // what lies in the log is in those totals
        _store.Crash(); // and nothing was written meanwhile
        _store.Sell(_member, 40, "s1");
        _store.Crash();
        _store.Sell(_member, 60, "s2");
        _store.Crash();
        var day = Close("close", isProbe: false);
        Assert.Equal((5, 9, 800, 2, 60, 3), (day.SinceMs, day.Sales, day.SalesStoredValueMinor, day.TopUps, day.ExpectedCashMinor, day.RefundsMinor));
    }

    [Fact]
    public void A_day_in_which_a_new_life_begins_is_one_day()
    {
        _store.Sell(_member, 40, "s1");
        BeginLife();
        _store.Crash();
        _store.TopUp(_member, 500, "t2");
        _store.Sell(_member, 60, "s2");
        _store.Crash();
        var day = Close("close", isProbe: false);
        Assert.Equal((2, 100, 2, 10_500), (day.Sales, day.SalesStoredValueMinor, day.TopUps, day.ExpectedCashMinor));
    }

    // Found by the simulator (D1): the day said that -1 top-ups were made.
    [Fact]
    public void A_stored_payment_that_is_voided_after_its_day_was_closed_is_no_top_up_less_of_the_next_day()
    {
        var pending = _store.Pay(new V1.TopUpRequest { RequestId = "p", MemberId = _member, AmountMinor = 500, Tender = V1.Tender.CardStoreAndForward }).Receipt.Op;
        Assert.Equal(2, Close("close", isProbe: false).TopUps);
        Assert.NotNull(_store.Pay(new V1.VoidRequest { RequestId = "r", Op = pending }).Receipt);
        Assert.Equal(0, Close("next", isProbe: true).TopUps);

        pending = _store.Pay(new V1.TopUpRequest { RequestId = "p2", MemberId = _member, AmountMinor = 500, Tender = V1.Tender.CardStoreAndForward }).Receipt.Op;
        Assert.NotNull(_store.Pay(new V1.VoidRequest { RequestId = "r2", Op = pending }).Receipt);
        Assert.Equal(0, Close("next", isProbe: true).TopUps); // of the same day it is
    }

    // A sale that is voided, one of which a part is given back, a top-up that is voided, one that stays.
    private void Trade(string name)
    {
        var first = _store.Sell(_member, 40, name + "1").Receipt.Op;
        var second = _store.Sell(_member, 60, name + "2").Receipt.Op;
        var topUp = _store.TopUp(_member, 700, name + "3").Receipt.Op;
        _store.TopUp(_member, 500, name + "4");
        _store.Pay(new V1.VoidRequest { RequestId = name + "5", Op = first });
        _store.Pay(new V1.RefundRequest { RequestId = name + "6", Op = second, AmountMinor = 10 });
        _store.Pay(new V1.VoidRequest { RequestId = name + "7", Op = topUp });
    }

    // A probe is decided and not written: the process dies instead.
    private V1.CloseDayAnswer Close(string request, bool isProbe)
    {
        var call = _store.Call(new V1.CloseDayRequest { RequestId = request });
        if (!isProbe)
        {
            return (V1.CloseDayAnswer)_store.Turn(call)[0].Answer!;
        }

        var guard = _store.Guard.Record;
        _store.Engine.Decide([call]);
        var answer = (V1.CloseDayAnswer)_store.Engine.Committed()[0].Answer!;
        _store.Guard.Record = guard;
        _store.Crash();
        return answer;
    }

    private void BeginLife()
    {
        _store.Turn(new LockOrdered(_store.NowMs, "an older copy"));
        var self = _store.Turn(new DescribeSelf(_store.NowMs, Enumerable.Repeat((byte)9, 16).ToArray()))[0].Self!;
        _store.Turn(new LifeGiven(_store.NowMs, EngineDriver.Holder.Incarnation, Incarnation.Of(1, 2), self.Wish));
    }
}
