using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Grpc.Core;
using SyncHub.Hub.Grains;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>One living stream of one agent: what waits to be sent to it, and the end of it.</summary>
/// <remarks>
/// Every frame is absolute, so a connection that falls too far behind is simply cut: the agent catches up when it is back.
/// Thread-safe. One thread at a time sends, of the pool or the one that brought a frame (<see cref="Errands"/>).
/// </remarks>
internal sealed class Connection : IStoreConnection, IErrand, IDisposable
{
    private static readonly WriteOptions MoreFollows = new(WriteFlags.BufferHint);

    private readonly OutboundLanes _lanes;
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IServerStreamWriter<HubFrame>? _responses;
    private CancellationToken _ending;
    private int _reasons = 1; // to look for frames; above 0 somebody does, or will. Nobody before the start
    private int _beats;
    private int _beatOfFrame;
    private int _beatOfHeartbeat;
    private int _beatOfHeard;
    private int _beatOfLook;  // when the link last looked what there is to say
    private int _beatOfAsk; // the first question since then that the agent has to answer; 0: none
    private readonly int _longestSilence;

    /// <summary>One stream.</summary>
    /// <param name="nonce">What the agent named it.</param>
    /// <param name="signatures">What its machine signs with.</param>
    /// <param name="windowBytes">How many bytes of changes it takes at once; 0: it does not count them.</param>
    /// <param name="silenceSeconds">For how long the agent bears silence while it waits for nothing; 0: an older one, which never bears more than 8 s.</param>
    public Connection(ByteString nonce, ISignatureCheck? signatures, long windowBytes, int silenceSeconds = 0)
    {
        if (silenceSeconds >= PatientSeconds)
        {
            var half = (silenceSeconds - SecondsOver) / 2;
            SecondsBetweenRepeats = Math.Min(half, RarestHeartbeat);
            _longestSilence = SecondsBetweenRepeats;
            CutSeconds = (2 * (silenceSeconds >= VeryPatientSeconds ? RarestOfAgents : half)) + SecondsOverToCut;
        }
        else
        {
            SecondsBetweenRepeats = UsualRepeat;
            _longestSilence = LongestSilence;
            CutSeconds = UsualCutSeconds;
        }

        Nonce = nonce;
        Signatures = signatures;
        _lanes = new OutboundLanes(Math.Max(0, windowBytes));
    }

    /// <inheritdoc/>
    public ByteString Nonce { get; }

    /// <inheritdoc/>
    public ISignatureCheck? Signatures { get; }

    /// <summary>How many seconds an older agent may hear nothing. It leaves a hub that was silent for 8, so that one late frame is no failover.</summary>
    public const int LongestSilence = 3;

    /// <summary>An agent that bears as much as this while it waits for nothing hears two heartbeats in that time and no more, and sends as rarely.</summary>
    public const int PatientSeconds = 2 * UsualRepeat;

    /// <summary>However much an agent bears, it hears a heartbeat after so many seconds: they renew the store's lease, and what lies between the two may forget a connection that is silent for a minute.</summary>
    public const int RarestHeartbeat = 23;

    /// <summary>After how many seconds of silence an older agent's stream is cut, which sends a heartbeat every four.</summary>
    public const int UsualCutSeconds = 10;

    /// <summary>An agent that was asked something is cut after this silence: it answers each question at once, and who waits for its rights should not wait for a store that is gone.</summary>
    public const int AnswerSeconds = 10;

    private const int UsualRepeat = 12;
    private const int VeryPatientSeconds = (2 * RarestHeartbeat) + SecondsOver;
    private const int RarestOfAgents = 46;  // rarer than the hub's: what a thousand stores say wakes the hub a thousand times, and what it says to them leaves ten times a second in one go
    private const int LongestRest = 5;      // until watermarks that moved, and said it to nobody, are looked for again
    private const int SecondsOver = 2;      // of two heartbeats one may be late
    private const int SecondsOverToCut = 6; // the agent beats every other second, so its heartbeats come two seconds later than it could send them

    /// <inheritdoc/>
    public int CutSeconds { get; }

    /// <inheritdoc/>
    public int SecondsBetweenRepeats { get; }

    /// <summary>Cancelled when the stream has to end.</summary>
    public CancellationToken Ended => _end.Token;

    /// <inheritdoc/>
    public OutboundLanes? Lanes => _lanes;

    /// <summary>Sends what there is and will be, until cancelled or a send failed.</summary>
    public async Task WriteAsync(IServerStreamWriter<HubFrame> responses, CancellationToken ending)
    {
        (_responses, _ending) = (responses, ending);
        using var ended = ending.UnsafeRegister(static self => ((Connection)self!).Wake(), this);
        await SendAsync().ConfigureAwait(false);
        await _sent.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Run(bool isAlone) => _ = SendAsync();

    /// <inheritdoc/>
    public void Execute() => _ = SendAsync();

    /// <summary>The next frame to send now.</summary>
    public bool TryTake([NotNullWhen(true)] out HubFrame? frame) => _lanes.TryTake(out frame);

    /// <inheritdoc/>
    public void OnTaken(long bytes)
    {
        _lanes.OnTaken(bytes);
        Wake();
    }

    /// <summary>Counts a second of a stream on which nothing was said or heard since the link last looked, and nothing is due; false where the link has to look.</summary>
    public bool Rests()
    {
        var beat = _beats + 1; // nobody else counts
        if (beat - _beatOfLook >= LongestRest || Math.Max(Volatile.Read(ref _beatOfFrame), Volatile.Read(ref _beatOfHeard)) >= _beatOfLook
            || beat - _beatOfFrame >= _longestSilence || beat - _beatOfHeartbeat >= SecondsBetweenRepeats)
        {
            return false;
        }

        Volatile.Write(ref _beats, beat);
        return true;
    }

    /// <inheritdoc/>
    public int TakeSeconds()
    {
        var seconds = _beats + 1 - _beatOfLook;
        _beatOfLook = _beats + 1;
        return seconds;
    }

    /// <inheritdoc/>
    public bool WantsHeartbeat(bool leavesAnyway = false)
    {
        var beat = Interlocked.Increment(ref _beats);
        if (!leavesAnyway && beat - Volatile.Read(ref _beatOfFrame) < _longestSilence && beat - _beatOfHeartbeat < SecondsBetweenRepeats)
        {
            return false;
        }

        _beatOfHeartbeat = beat;
        return true;
    }

    /// <summary>The agent said something.</summary>
    public void OnHeard()
    {
        Volatile.Write(ref _beatOfHeard, Volatile.Read(ref _beats));
        Volatile.Write(ref _beatOfAsk, 0);
    }

    /// <summary>Whether the agent has been silent for so long that it counts as gone. Counted in beats, so that a hub that was stopped itself holds it against nobody.</summary>
    public bool IsTooSilent
    {
        get
        {
            var (beat, heard, asked) = (Volatile.Read(ref _beats), Volatile.Read(ref _beatOfHeard), Volatile.Read(ref _beatOfAsk));
            return beat - heard > CutSeconds || (asked != 0 && beat - Math.Max(heard, asked) > AnswerSeconds);
        }
    }

    /// <inheritdoc/>
    public void Send(HubFrame frame)
    {
        var beat = Volatile.Read(ref _beats);
        Volatile.Write(ref _beatOfFrame, beat);
        if (frame.FrameCase is HubFrame.FrameOneofCase.RevokeAsk or HubFrame.FrameOneofCase.Order)
        {
            Interlocked.CompareExchange(ref _beatOfAsk, Math.Max(beat, 1), 0);
        }

        if (!_lanes.Add(frame))
        {
            End();
        }

        Wake();
    }

    /// <summary>Runs <paramref name="work"/>, and then sends the frames that it queued in one go, on this thread: a beat's heartbeat, watermarks and mark would else be a packet and a thread each.</summary>
    public void Gather(Action work)
    {
        var holds = Interlocked.Increment(ref _reasons) == 1; // nobody sends, and nobody begins to
        try
        {
            work();
        }
        finally
        {
            if (holds && Interlocked.CompareExchange(ref _reasons, 0, 1) != 1)
            {
                _ = SendAsync(); // it waits for nothing
            }
        }
    }

    /// <inheritdoc/>
    public void End()
    {
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The stream ended by itself at the same moment.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _end.Dispose();

    // Whoever has something looks whether somebody sends, and whoever has sent looks whether something came meanwhile: one of them sees the other.
    private void Wake()
    {
        if (Interlocked.Increment(ref _reasons) == 1)
        {
            Errands.Start(this);
        }
    }

    private async Task SendAsync()
    {
        try
        {
            int seen;
            do
            {
                seen = Volatile.Read(ref _reasons);
                _ending.ThrowIfCancellationRequested();
                await SendWaitingAsync().ConfigureAwait(false);
            }
            while (Interlocked.Add(ref _reasons, -seen) != 0);
        }
        catch (Exception fault)
        {
            _sent.TrySetException(fault); // and nobody sends any more
        }
    }

    private async ValueTask SendWaitingAsync()
    {
        if (!TryTake(out var frame))
        {
            return;
        }

        for (var responses = _responses!; frame is not null;)
        {
            _ = TryTake(out var next);
            responses.WriteOptions = next is null ? null : MoreFollows;
            await responses.WriteAsync(frame, _ending).ConfigureAwait(false);
            frame = next;
        }
    }
}
