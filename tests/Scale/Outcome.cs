namespace SyncHub.Scale;

/// <summary>What a scenario came to.</summary>
/// <param name="Name">What happened.</param>
/// <param name="Lines">Figures, each with its name.</param>
internal sealed record Outcome(string Name, IReadOnlyList<(string What, string Value)> Lines);
