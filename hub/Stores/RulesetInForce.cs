using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;

namespace SyncHub.Hub.Stores;

/// <summary>The ruleset that this hub gives to its stores.</summary>
internal sealed class RulesetInForce(Ruleset rules)
{
    /// <summary>The rules.</summary>
    public Ruleset Rules { get; } = rules;

    /// <summary>The rules as stores receive them.</summary>
    public string Json { get; } = RulesetJson.Write(rules);

    /// <summary>The asset of wallets.</summary>
    public Asset Currency { get; } = new(rules.Currency);
}
