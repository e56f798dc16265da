using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;

namespace SyncHub.Core.Tests.Rules;

public sealed class RulesetTests
{
    [Theory]
    [InlineData("fanpu")]
    [InlineData("jianyi")]
    [InlineData("shihui")]
    [InlineData("youzan")]
    public void A_preset_loads_and_is_written_so_that_it_reads_the_same(string name)
    {
        var preset = RulesetJson.Preset(name);

        Assert.Contains(name, RulesetJson.PresetNames);
        Assert.Equal(name, preset.Name);
        Assert.Equal(RulesetJson.Write(preset), RulesetJson.Write(RulesetJson.Parse(RulesetJson.Write(preset))));
    }

    [Fact]
    public void An_unknown_preset_is_refused_with_the_names_of_those_that_exist()
    {
        var fault = Assert.Throws<RulesetException>(() => RulesetJson.Preset("nobody"));

        Assert.All(RulesetJson.PresetNames, name => Assert.Contains(name, fault.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_ruleset_with_many_faults_names_all_of_them()
    {
        var fault = Assert.Throws<RulesetException>(() => RulesetJson.Parse("""
            {
              "version": 0, "currency": "yuan",
              "topUp": { "steps": [ { "fromMinor": 200, "bonusMinor": 1 }, { "fromMinor": 100, "bonusMinor": 1 } ], "bonusValidMonths": -1 },
              "earn": { "perMinor": -1 }, "redeem": { "maxBillPermille": 1001 },
              "tiers": [ { "name": "", "fromSpendMinor": 0 } ],
              "billDiscounts": [ { "fromBillMinor": 10, "discountPermille": 0, "amountOffMinor": 11 } ]
            }
            """));

        string[] keys = ["version", "currency", "spendOrder", "topUp.steps", "topUp.bonusValidMonths", "earn", "redeem", "tiers", "billDiscounts"];
        Assert.Equal(keys, fault.Faults.Select(line => line.Split(':')[0]));
    }

    [Fact]
    public void A_ruleset_with_numbers_beyond_all_measure_names_all_of_them()
    {
        var fault = Assert.Throws<RulesetException>(() => RulesetJson.Parse("""
            {
              "version": 1, "currency": "CNY", "spendOrder": "bonusFirst",
              "topUp": { "steps": [ { "fromMinor": 100, "bonusMinor": 9223372036854775807 } ], "bonusValidMonths": 2000000000, "unacknowledgedLimitMinor": -1 }, "floor": { "perMemberMinor": -1, "storeBudgetMinor": 5 },
              "earn": { "perMinor": 1, "points": 9223372036854775807 }, "redeem": { "points": 1, "worthMinor": 9223372036854775807 },
              "tiers": [ { "name": "a", "fromSpendMinor": 0, "earnPermille": 2000000000 } ],
              "billDiscounts": [ { "fromBillMinor": 9223372036854775807, "discountPermille": 0, "amountOffMinor": 9223372036854775807 } ]
            }
            """));

        string[] keys = ["topUp.steps", "topUp.bonusValidMonths", "topUp.unacknowledgedLimitMinor", "floor", "earn", "redeem", "tiers", "billDiscounts"];
        Assert.Equal(keys, fault.Faults.Select(line => line.Split(':')[0]));
    }

    [Fact]
    public void The_most_generous_ruleset_earns_no_more_points_than_an_op_may_carry()
    {
        var rules = RulesetJson.Parse("""{ "version": 1, "currency": "CNY", "spendOrder": "bonusFirst", "earn": { "perMinor": 1, "points": 1000000 }, "tiers": [ { "name": "a", "fromSpendMinor": 0, "earnPermille": 100000 } ] }""");
        Assert.Equal(Amount.LargestMoveMinor, Price.Of(rules, 0, Amount.LargestRequestMinor, 0).PointsEarned);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{ \"version\": \"one\" }")]
    [InlineData("{ \"versoin\": 1 }")]
    [InlineData("{ \"spendOrder\": 1 }")]
    [InlineData("{ \"currency\": null }")]
    [InlineData("{ \"topUp\": null }")]
    [InlineData("{ \"tiers\": null }")]
    [InlineData("{ \"tiers\": [ null ] }")]
    [InlineData("{ \"topUp\": { \"steps\": [ null ] } }")]
    [InlineData("{ \"billDiscounts\": [ null ] }")]
    public void Json_of_another_shape_is_refused_as_a_ruleset_fault(string json) =>
        Assert.NotEmpty(Assert.Throws<RulesetException>(() => RulesetJson.Parse(json)).Faults);

    public static TheoryData<string, long, long> Bonuses => new()
    {
        { "fanpu", 49_999, 0 },
        { "fanpu", 50_000, 2_500 },
        { "youzan", 49_999, 0 },
        { "youzan", 50_000, 5_000 },
        { "youzan", 99_999, 5_000 },
        { "youzan", 100_000, 15_000 },
        { "jianyi", 100_000, 0 },
        { "shihui", 100_000, 0 },
    };

    [Theory]
    [MemberData(nameof(Bonuses))]
    public void The_highest_step_reached_gives_the_bonus(string preset, long amount, long bonus) =>
        Assert.Equal(bonus, RulesetJson.Preset(preset).BonusFor(amount));

    public static TheoryData<string, long, string> Tiers => new()
    {
        { "fanpu", 0, "普通" },
        { "fanpu", 99_999, "普通" },
        { "fanpu", 100_000, "9折" },
        { "fanpu", 500_000, "8.5折" },
        { "fanpu", 1_000_000, "8折" },
        { "jianyi", 499_999, "普通会员" },
        { "jianyi", 500_000, "金卡会员" },
        { "shihui", 100_000, "银卡" },
        { "shihui", 500_000, "金卡" },
        { "youzan", 5_000_000, "member" },
    };

    [Theory]
    [MemberData(nameof(Tiers))]
    public void Lifetime_spend_makes_the_tier(string preset, long spend, string tier) =>
        Assert.Equal(tier, RulesetJson.Preset(preset).TierFor(spend).Name);

    public static TheoryData<string, long, long, long, Price> Prices => new()
    {
        // preset, lifetime spend, bill, points -> discount, value of points, payable, points earned
        { "fanpu", 0, 4_999, 0, new Price(0, 0, 4_999, 49) },
        { "fanpu", 0, 5_000, 0, new Price(1_000, 0, 4_000, 40) },
        { "fanpu", 100_000, 5_000, 0, new Price(1_000, 0, 4_000, 40) },
        { "fanpu", 100_000, 20_000, 0, new Price(2_000, 0, 18_000, 180) },
        { "fanpu", 500_000, 20_000, 0, new Price(3_000, 0, 17_000, 170) },
        { "fanpu", 1_000_000, 20_000, 0, new Price(4_000, 0, 16_000, 320) },
        { "fanpu", 0, 4_000, 200, new Price(0, 200, 3_800, 38) },
        { "jianyi", 0, 20_000, 0, new Price(0, 0, 20_000, 20) },
        { "jianyi", 0, 9_999, 0, new Price(0, 0, 9_999, 0) },
        { "jianyi", 500_000, 20_000, 0, new Price(0, 0, 20_000, 40) },
        { "jianyi", 0, 50_000, 0, new Price(5_000, 0, 45_000, 40) },
        { "jianyi", 0, 20_000, 100, new Price(0, 1_000, 19_000, 10) },
        { "shihui", 500_000, 1_250, 0, new Price(0, 0, 1_250, 12) },
        { "shihui", 0, 1_000, 200, new Price(0, 1_000, 0, 0) },
        { "youzan", 0, 1_000, 0, new Price(0, 0, 1_000, 0) },
    };

    [Theory]
    [MemberData(nameof(Prices))]
    public void A_bill_is_priced_as_the_preset_says(string preset, long spend, long bill, long points, Price expected) =>
        Assert.Equal(expected, Price.Of(RulesetJson.Preset(preset), spend, bill, points));

    public static TheoryData<string, long, long, bool> Redemptions => new()
    {
        { "fanpu", 10_000, 0, true },
        { "fanpu", 10_000, 100, true },
        { "fanpu", 10_000, 99, false },
        { "fanpu", 10_000, 150, false },
        { "fanpu", 10_000, -100, false },
        { "fanpu", 99, 100, false },
        { "jianyi", 10_000, 500, true },
        { "jianyi", 10_000, 510, false },
        { "shihui", 500, 100, true },
        { "shihui", 499, 100, false },
        { "youzan", 10_000, 100, false },
    };

    [Theory]
    [MemberData(nameof(Redemptions))]
    public void Points_pay_a_bill_only_as_the_preset_allows(string preset, long bill, long points, bool allowed) =>
        Assert.Equal(allowed, Price.FindRedeemFault(RulesetJson.Preset(preset), bill, points) is null);
}
