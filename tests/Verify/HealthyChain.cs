using SyncHub.V1;
using static SyncHub.Verify.Tests.Make;

namespace SyncHub.Verify.Tests;

/// <summary>Two stores and three members over one day, every number written out by hand.</summary>
/// <remarks>
/// Ann tops up 100.00 at store 1 (bonus 10.00), buys for 30.00 (25.00 principal, 5.00 bonus, 30 points), hands 40.00 back, which the hub grants
/// to store 2, where she spends 15.00 (15 points); store 1 refunds 5.00 of bonus and takes 5 points. Bob tops up 50.00 at store 2, buys for 20.00,
/// redeems 10 of 20 points, and the sale is voided with the 10 points left. Cy is made at HQ and tops up 7.00 at store 1.
/// </remarks>
internal static class HealthyChain
{
    public static async Task WriteAsync(string folder, Func<ChainBuilder, Task>? more = null)
    {
        await using var chain = ChainBuilder.Open(folder);
        await StoreOne(chain);
        await StoreTwo(chain);
        await Afterwards(chain);
        await SnapshotOfAnn(chain);
        await Lines(chain);
        if (more is not null)
        {
            await more(chain);
        }
    }

    private static async Task StoreOne(ChainBuilder chain)
    {
        await chain.Applied(1, Op(OpType.RegisterMember, Ann));
        await chain.Applied(1, Op(OpType.TopUp, Ann, Credit(Principal, 10_000), Credit(Lot, 1_000)),
            Entry("wallet/principal", -10_000), Entry("store/1/cash", 10_000), Entry("wallet/bonus", -1_000), Entry("store/1/bonus-granted", 1_000));
        var sale = Op(OpType.Sale, Ann, Debit(Principal, 2_500), Debit(Lot, 500), Credit(PointsBucket, 30));
        (sale.BillMinor, sale.DiscountMinor) = (3_200, 200);
        await chain.Applied(1, sale,
            Entry("wallet/principal", 2_500), Entry("wallet/bonus", 500), Entry("store/1/sales", -3_000), Entry("wallet/points", -30, Points), Entry("store/1/points-granted", 30, Points));
        await chain.Applied(1, Op(OpType.Relinquish, Ann, Relinquish(Principal, 4_000)));
        var grant = new GrantedEvent { Store = 2, Incarnation = Incarnation };
        grant.Lines.Add(new GrantedLine { Bucket = Principal, Granted = 4_000 });
        await chain.Event(Ann, new MemberEventRecord { Granted = grant });
    }

    private static async Task StoreTwo(ChainBuilder chain)
    {
        await chain.Applied(2, Op(OpType.RegisterMember, Bob));
        await chain.Applied(2, Op(OpType.TopUp, Bob, Credit(Principal, 5_000)), Entry("wallet/principal", -5_000), Entry("store/2/cash", 5_000));
        var annBuys = Op(OpType.Sale, Ann, Debit(Principal, 1_500, seen: 4_000), Credit(PointsBucket, 15));
        annBuys.BillMinor = 1_500;
        await chain.Applied(2, annBuys,
            Entry("wallet/principal", 1_500), Entry("store/2/sales", -1_500), Entry("wallet/points", -15, Points), Entry("store/2/points-granted", 15, Points));
        var bobBuys = Op(OpType.Sale, Bob, Debit(Principal, 2_000), Credit(PointsBucket, 20));
        bobBuys.BillMinor = 2_000;
        await chain.Applied(2, bobBuys,
            Entry("wallet/principal", 2_000), Entry("store/2/sales", -2_000), Entry("wallet/points", -20, Points), Entry("store/2/points-granted", 20, Points));
        await chain.Applied(2, Op(OpType.Redeem, Bob, Debit(PointsBucket, 10)), Entry("wallet/points", 10, Points), Entry("store/2/points-redeemed", -10, Points));
        var undo = Op(OpType.Void, Bob, Credit(Principal, 2_000), Debit(PointsBucket, 10));
        (undo.BillMinor, undo.Reference) = (2_000, new OpId { Store = 2, Incarnation = Incarnation, Sequence = 4 });
        await chain.Applied(2, undo,
            Entry("wallet/principal", -2_000), Entry("store/2/sales", 2_000), Entry("wallet/points", 10, Points), Entry("store/2/points-granted", -10, Points));
        await chain.Kept(2, OpType.CloseDay);
    }

    private static async Task Afterwards(ChainBuilder chain)
    {
        await chain.Event(Cy, new MemberEventRecord { Registered = new RegisteredEvent { Profile = new MemberProfile { Name = "Cy" } } });
        await chain.Event(Cy, new MemberEventRecord { Followed = new FollowedEvent { Store = 1 } });
        await chain.Applied(1, Op(OpType.TopUp, Cy, Credit(Principal, 700)), Entry("wallet/principal", -700), Entry("store/1/cash", 700));
        var refund = Op(OpType.Refund, Ann, Credit(Lot, 500), Debit(PointsBucket, 5));
        (refund.BillMinor, refund.Reference) = (500, new OpId { Store = 1, Incarnation = Incarnation, Sequence = 3 });
        await chain.Applied(1, refund,
            Entry("wallet/bonus", -500), Entry("store/1/sales", 500), Entry("wallet/points", 5, Points), Entry("store/1/points-granted", -5, Points));
    }

    private static Task SnapshotOfAnn(ChainBuilder chain)
    {
        var snapshot = AnnsSnapshot();
        return chain.Snapshot(Ann, snapshot);
    }

    public static MemberSnapshot AnnsSnapshot()
    {
        var snapshot = new MemberSnapshot { Registered = true, LifetimeSpendMinor = 4_000, LargestBasketMinor = 2_940, RecordedAtMs = 1_790_000_000_000 };
        var principal = new WalletBucketState { Bucket = Principal, Pool = 0, Credited = 10_000, Debited = 4_000 };
        principal.Lines.Add(Line(1, 0, 10_000, 2_500, 4_000, 3_500));
        principal.Lines.Add(Line(2, 4_000, 0, 1_500, 0, 2_500));
        var points = new WalletBucketState { Bucket = PointsBucket, Credited = 45, Debited = 5 };
        points.Lines.Add(Line(1, 0, 30, 5, 0, 25));
        points.Lines.Add(Line(2, 0, 15, 0, 0, 15));
        var lot = new WalletBucketState { Bucket = Lot, Credited = 1_500, Debited = 500 };
        lot.Lines.Add(Line(1, 0, 1_500, 500, 0, 1_000));
        snapshot.Buckets.AddRange([principal, points, lot]);
        snapshot.Parcels.Add(new PrincipalParcel { OriginStore = 1, Terms = 1, RemainingMinor = 6_000 });
        snapshot.Followers.AddRange([1, 2]);
        snapshot.Producers.Add(new ProducerState { Store = 1, Incarnation = Incarnation, Sequence = 6 });
        snapshot.Producers.Add(new ProducerState { Store = 2, Incarnation = Incarnation, Sequence = 3 });
        return snapshot;
    }

    private static async Task Lines(ChainBuilder chain)
    {
        await chain.Lines(1, Ann, Held(Principal, 0, 10_000, 2_500, 4_000), Held(Lot, 0, 1_500, 500, 0), Held(PointsBucket, 0, 30, 5, 0));
        await chain.Lines(1, Cy, Held(Principal, 0, 700, 0, 0));
        await chain.Lines(2, Ann, Held(Principal, 4_000, 0, 1_500, 0), Held(PointsBucket, 0, 15, 0, 0));
        await chain.Lines(2, Bob, Held(Principal, 0, 7_000, 2_000, 0), Held(PointsBucket, 0, 20, 20, 0));
    }

    public static AgentLine Held(Bucket bucket, long g, long c, long d, long r) => new() { Bucket = bucket, Granted = g, Credited = c, Debited = d, Relinquished = r };

    private static RightLine Line(int store, long g, long c, long d, long r, long a) =>
        new() { Store = store, Incarnation = Incarnation, Granted = g, Credited = c, Debited = d, Relinquished = r, Outstanding = a };
}
