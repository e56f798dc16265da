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

        var faults = RulesetFaults.Find(ruleset).ToArray();
        return faults.Length == 0 ? ruleset : throw new RulesetException(faults);
    }

    /// <summary>Writes a ruleset so that <see cref="Parse"/> reads the same.</summary>
    public static string Write(Ruleset ruleset) => JsonSerializer.Serialize(ruleset, Options);
}

/// <summary>A ruleset cannot be used; all its faults at once.</summary>
public sealed class RulesetException(IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    /// <summary>One line for each fault, with the key as it is written in the file.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}
