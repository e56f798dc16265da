using System.Diagnostics;
using System.Text.Json;

namespace SyncHub.GrpcBench.Load;

/// <summary>What a loader answers to one order. The official C++ loader answers in the same words.</summary>
/// <param name="Messages">Calls, or messages of streams.</param>
/// <param name="Seconds">How long it took, with the end of the last call.</param>
/// <param name="P50Us">Half of the round trips took at most this, microseconds; 0 where there are none.</param>
/// <param name="P99Us">99 of 100 took at most this.</param>
/// <param name="AllocatedBytes">By the loader, in the whole run; 0 where nothing counts them.</param>
internal sealed record LoadResult(long Messages, double Seconds, double P50Us, double P99Us, long AllocatedBytes)
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    /// <summary>As a line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Web);

    /// <summary>From a line.</summary>
    public static LoadResult Parse(string line) => JsonSerializer.Deserialize<LoadResult>(line, Web)!;
}

/// <summary>One worker's share of a run: until when it works, what it did, and how long its round trips took.</summary>
internal sealed class Timing(long endTimestamp)
{
    // Growing by doubling would show as allocation of the calls; only a fast worker outgrows this.
    private readonly List<float> _micros = new(64 * 1024);

    /// <summary>Messages so far.</summary>
    public long Messages { get; set; }

    /// <summary>Whether the time is over.</summary>
    public bool IsOver => Stopwatch.GetTimestamp() >= endTimestamp;

    /// <summary>The round trips, microseconds.</summary>
    public IReadOnlyList<float> Micros => _micros;

    /// <summary>Counts one round trip.</summary>
    public void Add(long sinceTimestamp)
    {
        Messages++;
        _micros.Add((float)Stopwatch.GetElapsedTime(sinceTimestamp).TotalMicroseconds);
    }
}
