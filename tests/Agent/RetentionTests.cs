using SyncHub.Agent.Engine;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Tests;

/// <summary>What a store forgets beside its log, and what it must not.</summary>
public sealed class RetentionTests
{
    private const long Day = 86_400_000;
    private readonly EngineDriver _store = new();
    private readonly string _member;

    public RetentionTests()
    {
        _member = _store.Register();
        _store.TopUp(_member, 10_000);
    }

    [Fact]
    public void Old_answers_go_when_headquarters_has_their_ops_and_the_log_stays()
    {
        _store.Sell(_member, 100);
        _store.NowMs += 100 * Day;
        Assert.Equal(0, Prune("request")); // not acknowledged
        _store.Turn(new Acknowledged(_store.NowMs, 2));
        Assert.Equal(2, Prune("request"));
        Assert.True(_store.Sell(_member, 100).Receipt.Repeated); // op 3 is not acknowledged
        Assert.Equal(3, _store.Status().TipSequence);
        Assert.Equal(2, _store.Ask<V1.LastReceiptsAnswer>(new V1.LastReceiptsRequest()).Receipts.Count); // from the log
        _store.Crash();
        Assert.Equal(3, _store.Status().TipSequence);
    }

    [Fact]
    public void A_young_answer_stays()
    {
        _store.Turn(new Acknowledged(_store.NowMs, 2));
        _store.NowMs += 89 * Day;
        Assert.Equal(0, Prune("request"));
        Assert.True(_store.TopUp(_member, 10_000).Receipt.Repeated);
    }

    [Fact]
    public async Task An_answer_of_an_older_agent_counts_from_the_day_it_is_seen()
    {
        var batch = new Storage.JournalBatch();
        batch.Documents.Add(new Storage.DocumentWrite("request", "old"u8.ToArray(), Google.Protobuf.MessageExtensions.ToByteArray(new V1.RequestAnswer())));
        await _store.Journal.CommitAsync(batch);
        _store.NowMs += 100 * Day;
        Assert.Equal(0, Prune("request"));
        _store.NowMs += 91 * Day;
        Assert.Equal(1, Prune("request"));
    }

    [Fact]
    public void What_became_of_an_op_that_may_be_undone_here_stays_and_after_its_day_is_closed_and_reported_it_goes()
    {
        var sale = _store.Sell(_member, 100).Receipt.Op;
        Assert.NotNull(_store.Pay(new V1.RefundRequest { RequestId = "part", Op = sale, AmountMinor = 30 }).Receipt);
        _store.NowMs += 100 * Day;
        _store.Turn(new Acknowledged(_store.NowMs, 4));
        Assert.Equal(0, Prune("own"));
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        Assert.Equal(0, Prune("own")); // the close is not reported
        _store.Turn(new Acknowledged(_store.NowMs, 5));
        Assert.Equal(1, Prune("own"));

        var refused = _store.Pay(new V1.VoidRequest { RequestId = "void", Op = sale });
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, refused.Rejection.Code); // headquarters is asked, as before
    }

    [Fact]
    public void What_was_undone_cannot_be_undone_again_once_nothing_here_says_so_any_more()
    {
        var sale = _store.Sell(_member, 100).Receipt.Op;
        Assert.NotNull(_store.Pay(new V1.VoidRequest { RequestId = "void", Op = sale }).Receipt);
        _store.Crash();
        Assert.Equal(V1.RejectionCode.AlreadyVoided, _store.Pay(new V1.VoidRequest { RequestId = "again", Op = sale }).Rejection.Code);
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        _store.NowMs += 100 * Day;
        _store.Turn(new Acknowledged(_store.NowMs, 5));
        Assert.Equal(1, Prune("own"));
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, _store.Pay(new V1.VoidRequest { RequestId = "once-more", Op = sale }).Rejection.Code);
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, _store.Pay(new V1.RefundRequest { RequestId = "or-part", Op = sale, AmountMinor = 1 }).Rejection.Code);
    }

    [Fact]
    public void A_payment_that_was_declined_cannot_be_confirmed_once_nothing_here_says_so_any_more()
    {
        var pending = _store.Pay(new V1.TopUpRequest { RequestId = "p", MemberId = _member, AmountMinor = 500, Tender = V1.Tender.CardStoreAndForward }).Receipt.Op;
        Assert.NotNull(_store.Pay(new V1.RejectTenderRequest { RequestId = "r", Op = pending }).Receipt);
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        _store.NowMs += 100 * Day;
        _store.Turn(new Acknowledged(_store.NowMs, 5));
        Assert.Equal(1, Prune("own"));
        Assert.Equal(V1.RejectionCode.UnknownOp, _store.Pay(new V1.TenderRequest { RequestId = "c", Op = pending }).Rejection.Code);
    }

    [Fact]
    public void A_payment_that_nobody_has_decided_is_kept_however_old()
    {
        var pending = _store.Pay(new V1.TopUpRequest { RequestId = "p", MemberId = _member, AmountMinor = 500, Tender = V1.Tender.CardStoreAndForward }).Receipt.Op;
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        _store.NowMs += 1_000 * Day;
        _store.Turn(new Acknowledged(_store.NowMs, 4));
        Assert.Equal(0, Prune("own"));
        Assert.NotNull(_store.Pay(new V1.TenderRequest { RequestId = "c", Op = pending }).Receipt);
    }

    [Fact]
    public void A_refund_right_that_was_given_up_goes()
    {
        var foreign = new V1.RefundRight { Op = new V1.OpId { Store = 9, Incarnation = 1, Sequence = 4 }, Type = V1.OpType.Sale, Member = EngineDriver.Bytes(_member), BillMinor = 50, Incarnation = EngineDriver.Holder.Incarnation.Value, Since = 3 };
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(null, null) { RefundRight = new V1.RefundRightReply { Right = foreign } }, 1));
        Assert.Equal(0, Prune("right"));
        Assert.Equal(4, Assert.Single(_store.Turn(new ReportRefundRights(_store.NowMs, [], 10))[0].RefundRights).Op.Sequence);
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        Assert.Empty(_store.Turn(new ReportRefundRights(_store.NowMs, [], 10))[0].RefundRights);
        _store.Turn(new Acknowledged(_store.NowMs, 3));
        Assert.Equal(1, Prune("right"));
    }

    [Fact]
    public void A_page_is_bounded_and_says_where_the_next_begins()
    {
        for (var i = 0; i < 5; i++)
        {
            _store.TopUp(_member, 10, FormattableString.Invariant($"t{i}"));
        }

        _store.Turn(new Acknowledged(_store.NowMs, 7));
        _store.NowMs += 100 * Day;
        var first = _store.Turn(new PruneOld(_store.NowMs, _store.NowMs - (90 * Day), "request", [], 3))[0];
        var second = _store.Turn(new PruneOld(_store.NowMs, _store.NowMs - (90 * Day), "request", first.NextKey!, 3))[0];
        Assert.Equal((3, 3), (first.Pruned, second.Pruned));
        Assert.Equal(1, Prune("request"));
    }

    private int Prune(string collection) => _store.Turn(new PruneOld(_store.NowMs, _store.NowMs - (90 * Day), collection, [], 100))[0].Pruned;
}
