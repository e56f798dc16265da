namespace SyncHub.Scale;

/// <summary>The scenarios of `make scale`, in order.</summary>
internal static class Scenarios
{
    /// <summary>Each is a world of its own with the same seed.</summary>
    public static IEnumerable<Func<Outcome>> All(ScaleOptions options)
    {
        yield return () => Placement.Run(options);
        yield return () => Scenario.Peak(options);
        if (options.Hubs > 1)
        {
            yield return () => Scenario.Lose(options, 1);
            yield return () => Scenario.Join(options);
        }

        if (options.Lose > 1)
        {
            yield return () => Scenario.Lose(options, options.Lose);
        }

        yield return () => Scenario.Storm(options);
    }
}
