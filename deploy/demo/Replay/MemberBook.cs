using SyncHub.V1;

namespace SyncHub.Demo.Replay;

/// <summary>What one member truly has, by the receipts that were handed out: the book of someone who stands at every till at once.</summary>
/// <remarks>No process of the chain knows this much while stores are cut off; so it can tell whether any of them let money be
/// spent twice. One visit of the member at a time.</remarks>
public sealed class MemberBook(string name)
{
    private readonly List<OpenSale> _sales = [];

    /// <summary>The trace's name of the member.</summary>
    public string Name { get; } = name;

    /// <summary>The card that the member shows at tills.</summary>
    public string Card { get; } = Cards.NumberOf(name);

    /// <summary>The member's id, once a store has registered the member.</summary>
    public string? Id { get; set; }

    /// <summary>Money paid in and not spent.</summary>
    public long PrincipalMinor { get; private set; }

    /// <summary>Money given and not spent.</summary>
    public long BonusMinor { get; private set; }

    /// <summary>The whole wallet.</summary>
    public long WalletMinor => PrincipalMinor + BonusMinor;

    /// <summary>How many payments took more than was there.</summary>
    public int Overdrafts { get; private set; }

    /// <summary>The member's last visit; the next one waits for it.</summary>
    public Task LastVisit { get; set; } = Task.CompletedTask;

    /// <summary>Enters a top-up.</summary>
    public void EnterTopUp(Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        PrincipalMinor = checked(PrincipalMinor + receipt.ToppedUpMinor);
        BonusMinor = checked(BonusMinor + receipt.BonusMinor);
    }

    /// <summary>Enters a sale; the store can later refund it.</summary>
    public void EnterSale(int store, Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        PrincipalMinor = checked(PrincipalMinor - receipt.PaidPrincipalMinor);
        BonusMinor = checked(BonusMinor - receipt.PaidBonusMinor);
        if (PrincipalMinor < 0 || BonusMinor < 0)
        {
            Overdrafts++;
        }

        _sales.Add(new OpenSale(store, receipt.Op) { LeftMinor = receipt.PaidPrincipalMinor + receipt.PaidBonusMinor });
    }

    /// <summary>Enters a refund of an earlier sale.</summary>
    public void EnterRefund(OpenSale sale, Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(sale);
        ArgumentNullException.ThrowIfNull(receipt);
        PrincipalMinor = checked(PrincipalMinor + receipt.PaidPrincipalMinor);
        BonusMinor = checked(BonusMinor + receipt.PaidBonusMinor);
        sale.LeftMinor -= receipt.PaidPrincipalMinor + receipt.PaidBonusMinor;
    }

    /// <summary>The newest sale of this store of which so much can still be given back; null where there is none.</summary>
    public OpenSale? FindSale(int store, long amountMinor) => _sales.FindLast(sale => sale.Store == store && sale.LeftMinor >= amountMinor);
}

/// <summary>A sale that can be refunded at the store that made it.</summary>
public sealed record OpenSale(int Store, OpId Op)
{
    /// <summary>Stored value of it that was not given back yet.</summary>
    public long LeftMinor { get; set; }
}
