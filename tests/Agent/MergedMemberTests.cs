using SyncHub.Agent.Engine;
using SyncHub.Core.Ops;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Tests;

/// <summary>A store that holds value of one person on two lines, and learns of it.</summary>
public sealed class MergedMemberTests
{
    private readonly EngineDriver _store = new();

    [Fact]
    public void A_sale_under_either_id_uses_both_lines_and_each_half_is_booked_with_its_own_member()
    {
        var (loser, survivor) = Merged();

        var receipt = _store.Sell(loser, 45_000).Receipt;

        Assert.Equal(survivor, receipt.MemberId);
        Assert.Equal(10_000, _store.Balance(survivor).HereMinor);
        Assert.Equal(10_000, _store.Balance(loser).HereMinor);
        var ops = Ops();
        Assert.Equal([OpType.AliasOut, OpType.AliasIn, OpType.Sale], ops.TakeLast(3).Select(op => op.Type));
        Assert.Equal((loser, survivor), (ops[^3].Member.ToString(), ops[^2].Member.ToString()));
        Assert.Equal(ops[^3].Id, ops[^2].Reference);
        Assert.All(ops, op => Assert.Null(OpDefects.Find(op)));
    }

    [Fact]
    public void A_phone_of_the_loser_finds_the_survivor_also_after_a_crash()
    {
        var (_, survivor) = Merged();
        _store.Crash();

        var found = _store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = "13800000001" } }).Member;

        Assert.Equal((survivor, 55_000), (found.MemberId, found.Available.HereMinor));
    }

    [Fact]
    public void What_the_loser_bought_is_given_back_to_the_survivor()
    {
        var loser = _store.Register();
        _store.TopUp(loser, 50_000);
        var sale = _store.Sell(loser, 20_000).Receipt;
        var survivor = _store.Register("13800000002", "register-2");
        Learn(survivor, new V1.MemberDelta { Profile = new V1.MemberProfile { Name = "Li Lei" }, Detail = new V1.MemberDetail { Aliases = { EngineDriver.Bytes(loser) } } });
        Learn(loser, new V1.MemberDelta { AliasOf = EngineDriver.Bytes(survivor) });

        var refund = _store.Pay(new V1.RefundRequest { RequestId = "refund", Op = sale.Op, AmountMinor = 20_000 }).Receipt;

        Assert.Equal((survivor, 55_000), (refund.MemberId, refund.Available.HereMinor));
    }

    [Fact]
    public void A_locked_store_moves_nothing()
    {
        var loser = _store.Register();
        _store.TopUp(loser, 50_000);
        var survivor = _store.Register("13800000002", "register-2");
        _store.Turn(new LockOrdered(_store.NowMs, "why"));

        Learn(loser, new V1.MemberDelta { AliasOf = EngineDriver.Bytes(survivor) });

        Assert.DoesNotContain(OpType.AliasOut, Ops().Select(op => op.Type)); // I21
    }

    [Fact]
    public void A_sale_counts_also_where_the_memory_for_members_is_full_in_the_midst_of_it()
    {
        var store = new EngineDriver(cacheSize: 1);
        var loser = store.Register();
        store.TopUp(loser, 20_000);
        var unknown = Core.Primitives.MemberId.Create(store.NowMs, new byte[10]).ToString();
        store.Turn(new NewsArrived(store.NowMs, new HubNews(new V1.MemberDelta { Member = EngineDriver.Bytes(loser), Version = 9, Profile = new V1.MemberProfile { Name = "Li Lei" }, AliasOf = EngineDriver.Bytes(unknown) }, null), 1));

        var before = store.Balance(loser).HereMinor;

        store.Sell(loser, 15_000); // the survivor is looked for, and pushes out the one who pays

        Assert.Equal(before - 15_000, store.Balance(loser).HereMinor);
        Assert.NotNull(store.Sell(loser, before, "again").Rejection);
    }

    [Fact]
    public void Rights_that_come_late_for_the_loser_move_too()
    {
        var (loser, survivor) = Merged();
        var rights = new V1.Rights { Member = EngineDriver.Bytes(loser), Incarnation = EngineDriver.Holder.Incarnation.Value };
        rights.Lines.Add(new V1.GrantedLine { Bucket = EngineDriver.Principal, Granted = 700 });

        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(null, rights), 1));

        Assert.Equal(55_700, _store.Balance(survivor).HereMinor);
    }

    [Fact]
    public void A_hub_that_was_restored_is_told_of_the_merges_that_this_store_has_heard_of()
    {
        var (loser, survivor) = Merged();

        var reply = _store.Turn(new ReportFollowed(_store.NowMs, [], 10))[0];

        Assert.Equal(2, reply.Followed.Count);
        var merge = Assert.Single(reply.Merges);
        Assert.Equal((EngineDriver.Bytes(loser), EngineDriver.Bytes(survivor)), (merge.Member, merge.Survivor));
    }

    private (string Loser, string Survivor) Merged()
    {
        var loser = _store.Register();
        _store.TopUp(loser, 50_000); // with a bonus of 5,000
        var survivor = _store.Register("13800000002", "register-2");
        Learn(survivor, new V1.MemberDelta { Profile = new V1.MemberProfile { Name = "Li Lei", Phone = "13800000002" }, Detail = new V1.MemberDetail { Aliases = { EngineDriver.Bytes(loser) } } });
        Learn(loser, new V1.MemberDelta { Profile = new V1.MemberProfile { Name = "Li Lei", Phone = "13800000001" }, AliasOf = EngineDriver.Bytes(survivor) });
        return (loser, survivor);
    }

    private void Learn(string member, V1.MemberDelta delta)
    {
        delta.Member = EngineDriver.Bytes(member);
        delta.Version = 9;
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(delta, null), 1));
    }

    private Op[] Ops() => [.. _store.Journal.ReadFacts(new Storage.ProducerId(EngineDriver.Store, EngineDriver.Holder.Incarnation.Value), 1, 100, int.MaxValue).Select(fact => OpCodec.Decode(fact.Bytes))];
}
