using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Tests;

/// <summary>What a store may still undo after a day close, and what a right does that the hub moved to it.</summary>
public sealed class RefundRightTests
{
    private readonly EngineDriver _store = new();

    [Fact]
    public void After_a_day_close_the_store_refuses_even_before_the_hub_has_heard_of_it_and_also_after_a_crash()
    {
        var (_, sale) = Sell();
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, Refund(sale, 100, "r1").Rejection.Code);

        _store.Crash();

        var reply = _store.Reply(new V1.RefundRequest { RequestId = "r2", Op = sale, AmountMinor = 100 });
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, ((V1.OpAnswer)reply.Answer!).Rejection.Code);
        Assert.Equal(OpIdCodec.ToCore(sale), reply.WantedRefundRight);
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, _store.Pay(new V1.VoidRequest { RequestId = "v", Op = sale }).Rejection.Code);
    }

    [Fact]
    public void What_was_sold_after_the_day_close_is_refunded_here()
    {
        Sell();
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        var (_, sale) = Sell("2");
        Assert.NotNull(Refund(sale, 100, "r").Receipt);
    }

    [Fact]
    public void A_right_that_the_hub_moved_refunds_up_to_what_is_left_and_the_next_day_close_ends_it()
    {
        var (member, sale) = Foreign();
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, Refund(sale, 100, "r0").Rejection.Code);
        var right = Right(member, sale, since: 2, givenBack: 300);

        Assert.Equal(500, Retry(sale, 500, "r1", right).Receipt.PaidPrincipalMinor);
        _store.Turn(new NewsArrived(_store.NowMs, News(right), 1)); // the answer once more, late
        _store.Crash();
        Assert.Equal(V1.RejectionCode.RefundTooLarge, Refund(sale, 201, "r2").Rejection.Code);
        Assert.Equal(200, Refund(sale, 200, "r3").Receipt.PaidPrincipalMinor);
        Assert.Equal(700, _store.Balance(member).HereMinor);

        var (other, second) = Foreign("2");
        var unused = Right(other, second, since: _store.Engine.TipSequence + 1);
        _store.Turn(new NewsArrived(_store.NowMs, News(unused), 1));
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, Retry(second, 10, "r4", unused).Rejection.Code);
    }

    [Fact]
    public void A_right_for_another_life_of_the_database_is_ignored()
    {
        var (member, sale) = Foreign();
        var right = Right(member, sale, since: 2);
        right.Incarnation++;
        Assert.Equal(V1.RejectionCode.RefundRightElsewhere, Retry(sale, 10, "r", right).Rejection.Code);
    }

    [Fact]
    public void The_till_reads_why_the_hub_refused()
    {
        var (_, sale) = Foreign();
        var call = _store.Call(new V1.RefundRequest { RequestId = "r", Op = sale, AmountMinor = 10 });
        var refusal = new V1.RefundRightReply { RefusalCode = (int)V1.RejectionCode.AlreadyVoided, Refusal = "It was voided before." };

        var rejection = ((V1.OpAnswer)_store.Turn(call with { News = [new HubNews(null, null) { RefundRight = refusal }] })[0].Answer!).Rejection;

        Assert.Equal((V1.RejectionCode.AlreadyVoided, "It was voided before."), (rejection.Code, rejection.Message));
    }

    [Fact]
    public void A_top_up_voided_for_another_store_takes_the_cash_from_this_till_and_leaves_this_days_count()
    {
        var (member, op) = Foreign();
        _store.TopUp(member, 1_000, "t");
        var right = Right(member, op, since: 3);
        right.Type = V1.OpType.TopUp;
        right.Moves[0].Kind = V1.MoveKind.Credit;
        var call = _store.Call(new V1.VoidRequest { RequestId = "v", Op = op });

        Assert.Equal(1_000, ((V1.OpAnswer)_store.Turn(call with { News = [News(right)] })[0].Answer!).Receipt.ToppedUpMinor);

        var day = _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "c" });
        Assert.Equal((1, 0), (day.TopUps, day.ExpectedCashMinor));
    }

    [Fact]
    public void A_new_life_undoes_its_own_ops_and_none_of_the_old_life_under_the_same_number()
    {
        Sell();
        _store.Ask<V1.CloseDayAnswer>(new V1.CloseDayRequest { RequestId = "close" });
        _store.Turn(new LockOrdered(_store.NowMs, "An older copy."));
        var wish = _store.Turn(new DescribeSelf(_store.NowMs, new byte[16] { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }))[0].Self!.Wish;
        var reborn = Incarnation.Of(1, 2);
        _store.Turn(new LifeGiven(_store.NowMs, EngineDriver.Holder.Incarnation, reborn, wish));

        var member = _store.Register("13900000001", "new-1");
        _store.Register("13900000002", "new-2");
        _store.Register("13900000003", "new-3"); // op 3 of the old life was a sale
        Assert.Equal(V1.RejectionCode.UnknownOp, _store.Pay(new V1.VoidRequest { RequestId = "v", Op = new V1.OpId { Store = EngineDriver.Store, Incarnation = reborn.Value, Sequence = 3 } }).Rejection.Code);
        var topUp = _store.TopUp(member, 500, "new-4").Receipt.Op;
        Assert.Equal(4, topUp.Sequence);
        Assert.Equal(500, _store.Pay(new V1.VoidRequest { RequestId = "v4", Op = topUp }).Receipt.ToppedUpMinor);
    }

    private static HubNews News(V1.RefundRight right) => new(null, null) { RefundRight = new V1.RefundRightReply { Right = right } };

    private static V1.RefundRight Right(string member, V1.OpId op, long since, long givenBack = 0)
    {
        var right = new V1.RefundRight { Op = op, Type = V1.OpType.Sale, Member = EngineDriver.Bytes(member), BillMinor = 1_000, Incarnation = EngineDriver.Holder.Incarnation.Value, Since = since };
        right.Moves.Add(new V1.Move { Kind = V1.MoveKind.Debit, Bucket = EngineDriver.Principal, AmountMinor = 1_000 });
        if (givenBack > 0)
        {
            right.GivenBack.Add(new V1.Move { Kind = V1.MoveKind.Credit, Bucket = EngineDriver.Principal, AmountMinor = givenBack });
        }

        return right;
    }

    private (string Member, V1.OpId Sale) Foreign(string suffix = "") =>
        (_store.Register("1380000001" + suffix, "register" + suffix), new V1.OpId { Store = 12, Incarnation = 5, Sequence = 40 + suffix.Length });

    private (string Member, V1.OpId Sale) Sell(string suffix = "")
    {
        var member = _store.Register("1380000000" + suffix, "register" + suffix);
        _store.TopUp(member, 1_000, "top-up" + suffix);
        return (member, _store.Sell(member, 900, "sale" + suffix).Receipt.Op);
    }

    private V1.OpAnswer Refund(V1.OpId sale, long amount, string request) => _store.Pay(new V1.RefundRequest { RequestId = request, Op = sale, AmountMinor = amount });

    private V1.OpAnswer Retry(V1.OpId sale, long amount, string request, V1.RefundRight right) =>
        (V1.OpAnswer)_store.Turn(_store.Call(new V1.RefundRequest { RequestId = request, Op = sale, AmountMinor = amount }) with { News = [News(right)] })[0].Answer!;
}
