using System.Collections.Concurrent;
using SyncHub.Core.Rules;
using SyncHub.Hub.Stores;

namespace SyncHub.Simulator;

/// <summary>The chain's rules in a run.</summary>
internal static class SimRules
{
    private static readonly RulesetInForce Preset = new(RulesetJson.Preset("youzan"));

    private static readonly ConcurrentDictionary<string, RulesetInForce> InForce = new(StringComparer.Ordinal);

    // All that seeds can draw are a few hundred; each is read once, and never written to.
    private static readonly ConcurrentDictionary<string, Ruleset> Known = new(StringComparer.Ordinal);

    /// <summary>Rules as a store gets them.</summary>
    public static Ruleset Read(string json) => Known.GetOrAdd(json, static text => text.Length == 0 ? RulesetJson.Preset("youzan") : RulesetJson.Parse(text));

    /// <summary>The rules for a seed; sets with all kinds of till ops get rules in which everything is on.</summary>
    public static RulesetInForce Of(long seed, Fault faults)
    {
        if (!faults.HasFlag(Fault.Tills))
        {
            return Preset;
        }

        var dice = Dice.Of(seed, -2);
        var rules = new Ruleset
        {
            Version = 1,
            Name = "simulated",
            Currency = "CNY",
            TopUp = new TopUpRules
            {
                Steps = [new TopUpStep(1_000, 100), new TopUpStep(3_000, 450)],
                BonusValidMonths = 1 + dice.Below(3),
                UnacknowledgedLimitMinor = dice.Chance(30) ? 20_000 : 0,
                Terms = "simulated",
            },
            SpendOrder = (SpendOrder)(1 + dice.Below(3)),
            ExpiredLotRefund = (ExpiredLotRefund)(1 + dice.Below(3)),
            Earn = new EarnRules { PerMinor = 100, Points = 3, SpendableAtOnce = dice.Chance(50) },
            Redeem = new RedeemRules { MinimumPoints = 1, Points = 10, WorthMinor = 40, MaxBillPermille = 500 },
            Tiers = [new Tier { Name = "member" }, new Tier { Name = "gold", FromSpendMinor = 8_000, DiscountPermille = 50, EarnPermille = 2_000 }],
            Cashiers = new CashierRules { OnePersonIsEnough = true }, // nobody has a PIN here
            Floor = faults.HasFlag(Fault.Account) ? new FloorRules { PerMemberMinor = 700, StoreBudgetMinor = dice.Chance(50) ? 500 : 1_500 } : new FloorRules(),
        };
        return InForce.GetOrAdd(RulesetJson.Write(rules), static json => new RulesetInForce(Read(json)));
    }
}
