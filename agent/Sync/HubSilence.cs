namespace SyncHub.Agent.Sync;

/// <summary>For how long a hub has been silent, and whether that is too long.</summary>
/// <remarks>
/// A store that waits for a word of the hub leaves it soon, because another hub may answer; one that waits for nothing has time, and a thousand of those would else
/// keep a hub busy with saying that it is there. Thread-safe.
/// </remarks>
/// <param name="time">The clock.</param>
/// <param name="longest">Where a hub is played by a test: how long it may take, whatever is waited for.</param>
internal sealed class HubSilence(TimeProvider time, TimeSpan? longest = null)
{
    /// <summary>While something is waited for.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);

    /// <summary>While nothing is.</summary>
    public static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(HubSession.PatienceSeconds);

    private readonly TimeSpan _longest = longest ?? Longest;
    private readonly TimeSpan _longestIdle = longest ?? LongestIdle;
    private long _heardAt = time.GetTimestamp();
    private long _askedAt; // the first frame since then that the hub has to answer; 0: none

    /// <summary>The hub said something.</summary>
    public void OnHeard()
    {
        Interlocked.Exchange(ref _heardAt, time.GetTimestamp());
        Interlocked.Exchange(ref _askedAt, 0);
    }

    /// <summary>A frame leaves for the hub.</summary>
    public void OnSent(V1.AgentFrame frame)
    {
        if (frame.FrameCase is V1.AgentFrame.FrameOneofCase.Hello or V1.AgentFrame.FrameOneofCase.OpBatch or V1.AgentFrame.FrameOneofCase.Facts or V1.AgentFrame.FrameOneofCase.RightsRequest
            or V1.AgentFrame.FrameOneofCase.Identify or V1.AgentFrame.FrameOneofCase.RefundRightRequest or V1.AgentFrame.FrameOneofCase.OutOfBand)
        {
            Interlocked.CompareExchange(ref _askedAt, time.GetTimestamp(), 0);
        }
    }

    /// <summary>Whether the hub is to be left.</summary>
    /// <param name="owesAcks">Whether it has not acknowledged all ops.</param>
    public bool IsTooLong(bool owesAcks)
    {
        var (heardAt, askedAt) = (Interlocked.Read(ref _heardAt), Interlocked.Read(ref _askedAt));
        return time.GetElapsedTime(heardAt) > _longestIdle
            || ((owesAcks || askedAt != 0) && time.GetElapsedTime(Math.Max(heardAt, askedAt)) > _longest);
    }
}
