using SyncHub.Core.Ops;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Tills;

/// <summary>What a store still does when it has not heard headquarters for longer than it may (protocol.md 1.7).</summary>
public sealed class LeaseTests
{
    private static readonly TillMachine Machine = new(Make.Rules);
    private static readonly TillContext Late = Make.Context() with { Standing = new StoreStanding(0, IsPastLease: true) };

    [Fact]
    public void Past_its_lease_a_store_takes_other_tender_top_ups_refunds_and_voids()
    {
        var here = Make.Here((Bucket.Principal, 1_000), (Bucket.Points, 30));
        var sale = new OwnOp(Make.Id(1), OpType.Sale, Make.Member, [Make.Debit(Bucket.Principal, 100)], 100);

        Assert.NotNull(Machine.Sale(new SaleCommand(Late, Make.Member, 500, 0, OtherTenderMinor: 500), here, Make.Id(2)).Op);
        Assert.NotNull(Machine.TopUp(new TopUpCommand(Late, Make.Member, 500), here, Make.Id(2)).Op);
        Assert.NotNull(Machine.Refund(new RefundCommand(Late, sale.Id, 40), sale, here, Make.Id(2)).Op);
        Assert.NotNull(Machine.Void(new VoidCommand(Late, sale.Id), sale, here, Make.Id(2)).Op);
    }
}
