namespace SyncHub.Scale;

/// <summary>The clock of a simulation and what is due on it: events run one after another, in order of time and then of asking.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private readonly PriorityQueue<Action, (long AtUs, long Asked)> _due = new();
    private long _asked;

    /// <summary>Microseconds since the start.</summary>
    public long NowUs { get; private set; }

    /// <summary>Runs something after a delay.</summary>
    public void After(long delayUs, Action action) => _due.Enqueue(action, (NowUs + Math.Max(0, delayUs), ++_asked));

    /// <summary>Runs everything that is due up to a moment.</summary>
    public void RunTo(long untilUs)
    {
        while (_due.TryPeek(out var action, out var due) && due.AtUs <= untilUs)
        {
            _due.Dequeue();
            NowUs = due.AtUs;
            action();
        }

        NowUs = untilUs;
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(56).AddMicroseconds(NowUs);

    /// <inheritdoc/>
    public override long GetTimestamp() => NowUs * 10;

    /// <inheritdoc/>
    public override long TimestampFrequency => 10_000_000;
}
