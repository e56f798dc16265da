using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Protocol;

/// <summary>What the agent should do with a <c>Welcome</c>.</summary>
public enum WelcomeVerdict
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>Go on, from the hub's watermark.</summary>
    Resume,

    /// <summary>An answer to an older connection: ignore it.</summary>
    Ignore,

    /// <summary>The hub's chain is not ours: lock.</summary>
    Lock,
}

/// <summary>The agent's end of its op stream: where the log ends, what was sent, what the hub has, and how much may be under way.</summary>
/// <remarks>Sans I/O; it counts, the caller reads the log and sends. tip >= sent >= committed >= archived. Thread rule: one caller at a time.</remarks>
public sealed class OpOutbox(long tipSequence)
{
    /// <summary>Ops that leave at once at the most.</summary>
    public const int LargestBatchOps = 200;

    private long _windowBytes;
    private long _unackedBytes;
    private readonly Queue<(long Sequence, long Bytes)> _underWay = new();

    /// <summary>The end of the log.</summary>
    public long TipSequence { get; private set; } = tipSequence;

    /// <summary>The newest op that was sent on this connection.</summary>
    public long SentSequence { get; private set; }

    /// <summary>The newest op that the hub has on its disk; known since the first Welcome.</summary>
    public long CommittedSequence { get; private set; }

    /// <summary>Whether a connection is up and welcomed.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>The continuity token of the newest Welcome.</summary>
    public long Token { get; private set; }

    /// <summary>Ops that the hub has not confirmed.</summary>
    public long Backlog => TipSequence - CommittedSequence;

    /// <summary>Restores what a restart must not forget.</summary>
    public void Restore(long committedSequence, long token)
    {
        CommittedSequence = committedSequence;
        Token = token;
    }

    /// <summary>An op was logged.</summary>
    public void OnLogged(long sequence) => TipSequence = Math.Max(TipSequence, sequence);

    /// <summary>Judges a Welcome and, where it is good, starts to send from its watermark.</summary>
    /// <param name="nonceMatches">Whether it answers this connection.</param>
    /// <param name="token">Its continuity token; tokens only grow.</param>
    /// <param name="committedSequence">The hub's watermark.</param>
    /// <param name="committedHash">The hub's hash there.</param>
    /// <param name="ownHash">Our hash there, or null where our log does not have it.</param>
    /// <param name="windowBytes">How many op bytes may be under way.</param>
    public WelcomeVerdict OnWelcome(bool nonceMatches, long token, long committedSequence, OpHash committedHash, OpHash? ownHash, long windowBytes)
    {
        if (!nonceMatches || token < Token)
        {
            return WelcomeVerdict.Ignore;
        }

        if (ownHash != committedHash && !Switches.IsOff(Mechanism.HashChain))
        {
            return WelcomeVerdict.Lock; // protocol.md 1.4: our history and the hub's differ
        }

        Token = token;
        SentSequence = Switches.IsOff(Mechanism.ResendFromHubWatermark) ? Math.Max(CommittedSequence, committedSequence) : committedSequence;
        CommittedSequence = committedSequence; // below what was known, too: a hub that went back to a backup has less
        _windowBytes = Math.Max(1, windowBytes);
        _unackedBytes = 0;
        _underWay.Clear();
        IsConnected = true;
        return WelcomeVerdict.Resume;
    }

    /// <summary>How many bytes of ops may be sent now; 0 when offline, drained or the window is full, or too full for a backlog.</summary>
    public long SendableBytes
    {
        get
        {
            if (!IsConnected || SentSequence >= TipSequence)
            {
                return 0;
            }

            var room = Switches.IsOff(Mechanism.Window) ? long.MaxValue : Math.Max(0, _windowBytes - _unackedBytes);
            return WaitsForMore(room) ? 0 : room;
        }
    }

    // Each batch costs a signature here and a check at the hub. What a batch leaves of the window is less than another one: sent at once it would be a batch of a few ops, acknowledged
    // apart and followed by a smaller one, until the whole backlog left op by op. Something is under way, so there will be more room.
    private bool WaitsForMore(long room) => room < _windowBytes / 4 && _underWay.Count > 0 && TipSequence - SentSequence > LargestBatchOps;

    /// <summary>Ops up to here were handed to the connection.</summary>
    public void OnSent(long lastSequence, long bytes)
    {
        SentSequence = lastSequence;
        _unackedBytes += bytes;
        _underWay.Enqueue((lastSequence, bytes));
    }

    /// <summary>The hub has everything up to here. True when that is news.</summary>
    public bool OnAck(long committedSequence)
    {
        while (_underWay.TryPeek(out var batch) && batch.Sequence <= committedSequence)
        {
            _unackedBytes -= _underWay.Dequeue().Bytes;
        }

        if (committedSequence <= CommittedSequence || committedSequence > TipSequence)
        {
            return false;
        }

        CommittedSequence = committedSequence;
        return true;
    }

    /// <summary>The connection is gone.</summary>
    public void OnDisconnected() => IsConnected = false;
}
