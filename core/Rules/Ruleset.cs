using System.Text.Json.Serialization;

namespace SyncHub.Core.Rules;

/// <summary>In which order a wallet pays.</summary>
public enum SpendOrder
{
    /// <summary>Not said; refused when a ruleset is loaded.</summary>
    Unspecified = 0,

    /// <summary>Bonus lots, soonest to expire first, then principal.</summary>
    BonusFirst = 1,

    /// <summary>Principal, then bonus lots, soonest to expire first.</summary>
    PrincipalFirst = 2,

    /// <summary>Principal and bonus in proportion to what lies in the wallet here.</summary>
    Proportional = 3,
}

/// <summary>A step of the top-up bonus: from this amount on, this bonus.</summary>
public sealed record TopUpStep(long FromMinor, long BonusMinor);

/// <summary>What a top-up earns, and under which terms.</summary>
public sealed record TopUpRules
{
    /// <summary>Steps in rising order; the highest one reached counts.</summary>
    public IReadOnlyList<TopUpStep> Steps { get; init; } = [];

    /// <summary>Months after which bonus money expires, at the end of a month; 0 = never.</summary>
    public int BonusValidMonths { get; init; }

    /// <summary>How much a store may take in top-ups that the hub has not acknowledged; also the most in one top-up. 0 = no limit.</summary>
    public long UnacknowledgedLimitMinor { get; init; }

    /// <summary>Shown to the member before the top-up, and printed.</summary>
    public string Terms { get; init; } = "";
}

/// <summary>What a store may advance to a member without any right, offline or not (protocol.md 1.13); off unless both are above zero.</summary>
public sealed record FloorRules
{
    /// <summary>f: the most that a store may have advanced to one member and not seen settled.</summary>
    public long PerMemberMinor { get; init; }

    /// <summary>Phi: the most that a store may advance to all members before the hub has acknowledged it.</summary>
    public long StoreBudgetMinor { get; init; }

    /// <summary>min(f, Phi): the most that one store can be owed by one member.</summary>
    [JsonIgnore]
    public long LimitMinor => Math.Min(PerMemberMinor, StoreBudgetMinor);
}

/// <summary>Who has to stand at a till.</summary>
public sealed record CashierRules
{
    /// <summary>What counts where the rules say nothing: no sign-in, but a second person's PIN for what is large or made by hand.</summary>
    public static CashierRules Default { get; } = new();

    /// <summary>Whether whatever changes something needs a cashier who signed in with a PIN.</summary>
    public bool Required { get; init; }

    /// <summary>Refunds and voids above this need a second person; 0 = none do.</summary>
    public long ApprovalAboveMinor { get; init; } = 50_000; // few sales of a shop are larger, so it costs little and catches what matters

    /// <summary>Whether one person alone may adjust by hand, and refund and void whatever. Not written where it is not said, so that older agents read the rules.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool OnePersonIsEnough { get; init; }
}

/// <summary>How points are earned: <see cref="Points"/> for each full <see cref="PerMinor"/> of what is paid.</summary>
public sealed record EarnRules
{
    /// <summary>Minor units for which points are given; 0 = no points.</summary>
    public long PerMinor { get; init; }

    /// <summary>Points for each <see cref="PerMinor"/>.</summary>
    public long Points { get; init; }

    /// <summary>Whether a store may let points be spent before the hub has acknowledged the op that earned them.</summary>
    public bool SpendableAtOnce { get; init; } = true;
}

/// <summary>How points pay: each full <see cref="Points"/> is worth <see cref="WorthMinor"/>.</summary>
public sealed record RedeemRules
{
    /// <summary>The fewest points in one go.</summary>
    public long MinimumPoints { get; init; }

    /// <summary>Points are taken in multiples of this; 0 = points pay no bills.</summary>
    public long Points { get; init; }

    /// <summary>What one multiple is worth, minor units.</summary>
    public long WorthMinor { get; init; }

    /// <summary>The largest part of a bill that points may pay, in thousandths.</summary>
    public int MaxBillPermille { get; init; } = 1000;
}

/// <summary>A tier: from this lifetime spend on, this discount and this earning rate.</summary>
public sealed record Tier
{
    /// <summary>Its name as members see it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Lifetime spend that reaches it, minor units.</summary>
    public long FromSpendMinor { get; init; }

    /// <summary>Taken off every bill, in thousandths (9折 = 100).</summary>
    public int DiscountPermille { get; init; }

    /// <summary>Points earned, in thousandths of the normal rate (twice = 2000).</summary>
    public int EarnPermille { get; init; } = 1000;
}

/// <summary>Where a refund puts what an expired bonus lot had paid. Voids always give back to the lot: they make the op as if it had not been.</summary>
public enum ExpiredLotRefund
{
    /// <summary>Not said: back to the lot.</summary>
    Unspecified = 0,

    /// <summary>To the lot, expired as it is.</summary>
    BackToLot = 1,

    /// <summary>To the principal.</summary>
    Principal = 2,

    /// <summary>Nowhere: that part cannot be refunded.</summary>
    None = 3,
}

/// <summary>A discount on large bills.</summary>
public sealed record BillDiscount(long FromBillMinor, int DiscountPermille, long AmountOffMinor);

/// <summary>The chain's rules at one version: data, not code. An op names the version that priced it, and the hub never prices it again.</summary>
public sealed record Ruleset
{
    /// <summary>Counts up with each change.</summary>
    public int Version { get; init; }

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>ISO 4217 code of the wallet.</summary>
    public string Currency { get; init; } = "";

    /// <summary>Top-up bonus and terms.</summary>
    public TopUpRules TopUp { get; init; } = new();

    /// <summary>In which order a wallet pays.</summary>
    public SpendOrder SpendOrder { get; init; }

    /// <summary>Where a refund puts what an expired lot had paid. Not written where it is not said, so that older agents read the rules.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ExpiredLotRefund ExpiredLotRefund { get; init; }

    /// <summary>What stores may advance.</summary>
    public FloorRules Floor { get; init; } = new();

    /// <summary>Who has to stand at a till; not said: <see cref="CashierRules.Default"/>. Not written where it is not said, so that older agents read the rules.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public CashierRules? Cashiers { get; init; }

    /// <summary>How points are earned.</summary>
    public EarnRules Earn { get; init; } = new();

    /// <summary>How points pay.</summary>
    public RedeemRules Redeem { get; init; } = new();

    /// <summary>Tiers in rising order; the first starts at 0.</summary>
    public IReadOnlyList<Tier> Tiers { get; init; } = [];

    /// <summary>Discounts on large bills, in rising order; the highest one reached counts, and the larger of it and the tier's.</summary>
    public IReadOnlyList<BillDiscount> BillDiscounts { get; init; } = [];

    /// <summary>The tier of a member with this lifetime spend.</summary>
    public Tier TierFor(long lifetimeSpendMinor)
    {
        for (var i = Tiers.Count - 1; i >= 0; i--)
        {
            if (lifetimeSpendMinor >= Tiers[i].FromSpendMinor)
            {
                return Tiers[i];
            }
        }

        return new Tier();
    }

    /// <summary>The bonus for a top-up.</summary>
    public long BonusFor(long amountMinor) => TopUp.Steps.LastOrDefault(step => amountMinor >= step.FromMinor)?.BonusMinor ?? 0;
}
