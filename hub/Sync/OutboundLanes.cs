using System.Diagnostics.CodeAnalysis;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>What waits to be sent to one agent, in two lanes: what a till may wait for goes first, member changes only as the agent takes them (protocol.md 1.16).</summary>
/// <remarks>
/// A slow agent costs a bounded number of bytes here: a change beyond that is dropped, and the feed goes over the journal again when there is room.
/// A mark stays behind the changes that it speaks of. Thread-safe; it waits for nothing.
/// </remarks>
/// <param name="windowBytes">How many bytes of changes may be under way; 0: the agent does not count them, and the stream's own back-pressure must do.</param>
internal sealed class OutboundLanes(long windowBytes)
{
    private const int MostUrgent = 20_000;
    private const long LeastQueueBytes = 256 * 1024;
    private const long WalkBytes = 8 * 1024 * 1024; // a page of the feed's walk, which is not dropped

    private readonly Lock _gate = new();
    private readonly Queue<HubFrame> _urgent = new();
    private readonly Queue<(HubFrame Frame, int Bytes)> _changes = new();
    private HubFrame? _newestUrgent;
    private long _queued;
    private long _sent;
    private long _taken;
    private bool _isBehind;
    private bool _isWalking;
    private Action? _whenRoom;

    private long LargestQueue => Math.Max(LeastQueueBytes, 4 * windowBytes) + (_isWalking ? WalkBytes : 0);

    /// <summary>Bytes of changes that wait here.</summary>
    public long QueuedBytes
    {
        get
        {
            lock (_gate)
            {
                return _queued;
            }
        }
    }

    /// <summary>Whether a change was dropped since <see cref="BeginWalk"/>.</summary>
    public bool IsBehind
    {
        get
        {
            lock (_gate)
            {
                return _isBehind;
            }
        }
    }

    /// <summary>Queues a frame.</summary>
    /// <returns>False where the agent is so far behind that the stream must end.</returns>
    public bool Add(HubFrame frame)
    {
        lock (_gate)
        {
            if (frame.FrameCase is not (HubFrame.FrameOneofCase.MemberDelta or HubFrame.FrameOneofCase.FeedMark))
            {
                if (_urgent.Count > 0 && IsOvertaken(_newestUrgent, frame))
                {
                    _newestUrgent!.OpAck = frame.OpAck;
                    return true;
                }

                _urgent.Enqueue(_newestUrgent = frame);
                return _urgent.Count <= MostUrgent;
            }

            var bytes = frame.MemberDelta?.CalculateSize() ?? 0;
            if (_queued + bytes > LargestQueue)
            {
                _isBehind = true;
            }
            else if (frame.MemberDelta is not null || !_isBehind) // no mark may pass over what was dropped
            {
                _queued += bytes;
                _changes.Enqueue((frame, bytes));
            }

            return true;
        }
    }

    // An acknowledgement says all that the one before it said: while that one still waits, one frame does for both. At full load there is one for every op.
    private static bool IsOvertaken(HubFrame? queued, HubFrame frame) =>
        frame.FrameCase == HubFrame.FrameOneofCase.OpAck && queued is { FrameCase: HubFrame.FrameOneofCase.OpAck } && queued.OpAck.Classified.Count == 0
        && queued.OpAck.Incarnation == frame.OpAck.Incarnation && queued.OpAck.CommittedSequence <= frame.OpAck.CommittedSequence;

    /// <summary>The next frame that may be sent now.</summary>
    public bool TryTake([NotNullWhen(true)] out HubFrame? frame)
    {
        Action? resume = null;
        lock (_gate)
        {
            if (_urgent.TryDequeue(out frame))
            {
                return true;
            }

            // One change may always be under way, however large: else a small window would never open.
            if (!_changes.TryPeek(out var next) || (next.Bytes > 0 && windowBytes > 0 && _sent > _taken && _sent - _taken + next.Bytes > windowBytes))
            {
                return false;
            }

            _changes.Dequeue();
            _queued -= next.Bytes;
            _sent += next.Bytes;
            frame = next.Frame;
            if (_queued <= LargestQueue / 4)
            {
                (resume, _whenRoom) = (_whenRoom, null);
            }
        }

        resume?.Invoke();
        return true;
    }

    /// <summary>The agent has taken so many bytes in all.</summary>
    public void OnTaken(long bytes)
    {
        lock (_gate)
        {
            _taken = Math.Clamp(bytes, _taken, _sent);
        }
    }

    /// <summary>Whether whoever walks over the journal must wait; <paramref name="resume"/> is called when there is room.</summary>
    public bool MustWait(Action resume)
    {
        lock (_gate)
        {
            if (_queued <= LargestQueue / 4)
            {
                return false;
            }

            _whenRoom = resume;
            return true;
        }
    }

    /// <summary>The feed goes over the journal from before the first change that was dropped.</summary>
    public void BeginWalk()
    {
        lock (_gate)
        {
            (_isWalking, _isBehind) = (true, false);
        }
    }

    /// <summary>The walk is over.</summary>
    public void EndWalk()
    {
        lock (_gate)
        {
            _isWalking = false;
        }
    }
}
