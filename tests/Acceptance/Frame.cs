namespace SyncHub.Acceptance;

/// <summary>The frames of protocol.md 1.3 that cross a link in a replay.</summary>
public enum Frame
{
    /// <summary>Up: a till asks who this is, and for rights.</summary>
    Identify,

    /// <summary>Down: the answer, with rights.</summary>
    IdentifyReply,

    /// <summary>Up: a checkout lacks rights.</summary>
    RightsRequest,

    /// <summary>Down: the answer, with rights.</summary>
    RightsReply,

    /// <summary>Down: rights that nobody asked for.</summary>
    Rights,

    /// <summary>Down: rights wanted back.</summary>
    RevokeAsk,

    /// <summary>Up: an op that hands rights back. It is about rights, so it counts, although it travels as an op.</summary>
    Relinquish,

    /// <summary>Up: an ask is answered.</summary>
    RevokeDone,

    /// <summary>Down: a member's newest state for a replica.</summary>
    MemberDelta,

    /// <summary>Up: a top-up, sale or registration. Each counted by itself; a busy link carries several in a frame.</summary>
    Op,

    /// <summary>Down: an op is durable. Counted by itself as well.</summary>
    Ack,
}
