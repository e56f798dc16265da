namespace SyncHub.Simulator;

/// <summary>An invariant of protocol.md section 2 does not hold.</summary>
internal sealed class Violation(string invariant, string what) : Exception($"{invariant}: {what}")
{
    public string Invariant { get; } = invariant;
}
