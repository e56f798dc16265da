using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyncHub.Core.Rules;

/// <summary>Reads and writes rulesets, and refuses one that makes no sense with all its faults at once.</summary>
public static class RulesetJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>The names of the rulesets that ship with the product.</summary>
    public static IReadOnlyList<string> PresetNames { get; } = ["fanpu", "jianyi", "shihui", "youzan"];

    /// <summary>A ruleset that ships with the product.</summary>
    /// <exception cref="RulesetException">There is none of that name.</exception>
    public static Ruleset Preset(string name)
    {
        using var stream = typeof(RulesetJson).Assembly.GetManifestResourceStream(name)
            ?? throw new RulesetException([$"There is no preset '{name}'; there are {string.Join(", ", PresetNames)}."]);
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd());
    }

    /// <summary>Reads a ruleset.</summary>
    /// <exception cref="RulesetException">It is not JSON of the right shape, or its values make no sense.</exception>
    public static Ruleset Parse(string json)
    {
        Ruleset ruleset;
        try
        {
            ruleset = JsonSerializer.Deserialize<Ruleset>(json, Options) ?? throw new RulesetException(["The ruleset is empty."]);
        }
        catch (JsonException fault)
        {
            throw new RulesetException([$"Line {(fault.LineNumber ?? 0) + 1}: {fault.Message}"]);
        }

        // The serialiser refuses a null anywhere but inside a list.
        object?[] parts = [.. ruleset.TopUp.Steps, .. ruleset.Tiers, .. ruleset.BillDiscounts];
        if (parts.Contains(null))
        {
            throw new RulesetException(["topUp.steps, tiers and billDiscounts: must not contain null."]);
        }

        var faults = Faults(ruleset).ToArray();
        return faults.Length == 0 ? ruleset : throw new RulesetException(faults);
    }

    /// <summary>Writes a ruleset so that <see cref="Parse"/> reads the same.</summary>
    public static string Write(Ruleset ruleset) => JsonSerializer.Serialize(ruleset, Options);

    private static IEnumerable<string> Faults(Ruleset ruleset)
    {
        if (ruleset.Version < 1)
        {
            yield return "version: must be 1 or more.";
        }

        if (ruleset.Currency.Length != 3)
        {
            yield return "currency: must be an ISO 4217 code such as CNY.";
        }

        if (ruleset.SpendOrder == SpendOrder.Unspecified)
        {
            yield return "spendOrder: must be bonusFirst, principalFirst or proportional.";
        }

        if (!IsRising(ruleset.TopUp.Steps.Select(step => step.FromMinor)) || ruleset.TopUp.Steps.Any(step => step.FromMinor <= 0 || step.BonusMinor < 0))
        {
            yield return "topUp.steps: fromMinor must be above zero and rise from step to step, bonusMinor must not be negative.";
        }

        if (ruleset.TopUp.BonusValidMonths < 0)
        {
            yield return "topUp.bonusValidMonths: must be 0 (never expires) or more.";
        }

        if (ruleset.Earn.PerMinor < 0 || ruleset.Earn.Points < 0)
        {
            yield return "earn: perMinor and points must not be negative.";
        }

        if (ruleset.Redeem.Points < 0 || ruleset.Redeem.WorthMinor < 0 || ruleset.Redeem.MinimumPoints < 0 || ruleset.Redeem.MaxBillPermille is < 0 or > 1000)
        {
            yield return "redeem: points, worthMinor and minimumPoints must not be negative, maxBillPermille must be 0 to 1000.";
        }

        if (!IsRising(ruleset.Tiers.Select(tier => tier.FromSpendMinor)) || ruleset.Tiers.Any(tier => tier.DiscountPermille is < 0 or > 1000 || tier.EarnPermille < 0 || tier.Name.Length == 0))
        {
            yield return "tiers: each needs a name, fromSpendMinor must rise, discountPermille must be 0 to 1000, earnPermille 0 or more.";
        }

        if (!IsRising(ruleset.BillDiscounts.Select(discount => discount.FromBillMinor))
            || ruleset.BillDiscounts.Any(discount => discount.DiscountPermille is < 0 or > 1000 || discount.AmountOffMinor < 0 || discount.AmountOffMinor > discount.FromBillMinor))
        {
            yield return "billDiscounts: fromBillMinor must rise, discountPermille must be 0 to 1000, amountOffMinor 0 to fromBillMinor.";
        }
    }

    private static bool IsRising(IEnumerable<long> values)
    {
        long? previous = null;
        foreach (var value in values)
        {
            if (value <= previous)
            {
                return false;
            }

            previous = value;
        }

        return true;
    }
}

/// <summary>A ruleset cannot be used; all its faults at once.</summary>
public sealed class RulesetException(IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    /// <summary>One line for each fault, with the key as it is written in the file.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}
