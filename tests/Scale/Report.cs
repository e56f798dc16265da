namespace SyncHub.Scale;

/// <summary>Outcomes as a person reads them.</summary>
internal static class Report
{
    /// <summary>A heading and a line for each figure.</summary>
    public static string Of(Outcome outcome)
    {
        var width = outcome.Lines.Max(line => line.What.Length);
        return $"{outcome.Name}{Environment.NewLine}{string.Concat(outcome.Lines.Select(line => $"  {line.What.PadRight(width)}  {line.Value}{Environment.NewLine}"))}";
    }
}
