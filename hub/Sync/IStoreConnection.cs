using Google.Protobuf;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>One stream of one agent, as the hub sends on it.</summary>
internal interface IStoreConnection
{
    /// <summary>What the agent named this stream.</summary>
    ByteString Nonce { get; }

    /// <summary>What its machine signs with; null where nothing is signed, which is so only at a hub without certificates.</summary>
    ISignatureCheck? Signatures => null;

    /// <summary>Asked at each look, before <see cref="WantsHeartbeat"/>: how many seconds it is since the last one.</summary>
    int TakeSeconds() => 1;

    /// <summary>Asked at each look, once a second at the most: whether the agent must hear that the hub is there, because nothing else has told it for a while.</summary>
    /// <param name="leavesAnyway">Whether other frames leave now in any case: a heartbeat then costs no packet, and the next one is as far away as it may be.</param>
    bool WantsHeartbeat(bool leavesAnyway = false) => true;

    /// <summary>After how many seconds of silence the stream is cut.</summary>
    int CutSeconds => Connection.UsualCutSeconds;

    /// <summary>After how many seconds watermarks that have not moved are said again.</summary>
    int SecondsBetweenRepeats => 12;

    /// <summary>Queues a frame. Never waits; drops it where the stream has ended.</summary>
    void Send(HubFrame frame);

    /// <summary>What waits to be sent; null where nothing ever does.</summary>
    OutboundLanes? Lanes => null;

    /// <summary>The agent has taken so many bytes of member changes in all.</summary>
    void OnTaken(long bytes) => Lanes?.OnTaken(bytes);

    /// <summary>Ends the stream.</summary>
    void End();
}
