using System.Buffers.Binary;

namespace SyncHub.Agent.Engine;

/// <summary>Until when this store may let members spend without hearing its hub (protocol.md 1.7): the newest word of the hub, and headquarters' limit.</summary>
/// <remarks>
/// A limit of risk, never of safety: rights stay reserved and late ops are taken, whatever a clock says. Its clock is the latest of the wall clock, what
/// was persisted, and the monotonic clock since the process began, so setting the wall clock back extends nothing while the agent runs.
/// Owned by the engine; not thread-safe.
/// </remarks>
internal sealed class StoreLease(Workspace work)
{
    private const string Collection = "meta";
    private static readonly byte[] Key = "lease"u8.ToArray();

    private long _heardMs;
    private long _clockMs;
    private long? _elapsedMs;

    /// <summary>Reads what is durable. What this process heard is true whatever became of a batch, and is kept: else a disk that fails would renew the lease.</summary>
    public void Load()
    {
        if (work.Read(Collection, Key) is { Length: 16 } bytes)
        {
            _heardMs = Math.Max(_heardMs, BinaryPrimitives.ReadInt64BigEndian(bytes));
            _clockMs = Math.Max(_clockMs, BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(8)));
        }
    }

    /// <summary>The hub was heard: the lease runs anew.</summary>
    public void Renew(long nowMs, long elapsedMs)
    {
        _heardMs = Read(nowMs, elapsedMs);
        Save();
    }

    /// <summary>When the lease ends, by the lease's own clock; 0 where the policy sets none.</summary>
    /// <param name="leaseMs">How long it lasts; 0 for no lease.</param>
    /// <param name="nowMs">Wall clock.</param>
    /// <param name="elapsedMs">Monotonic clock of the process.</param>
    public long EndsMs(long leaseMs, long nowMs, long elapsedMs)
    {
        if (leaseMs <= 0)
        {
            return 0;
        }

        var clock = Read(nowMs, elapsedMs);
        if (_heardMs == 0)
        {
            _heardMs = clock; // the policy came from the hub, so it was heard before it was counted
        }

        Save();
        return checked(_heardMs + leaseMs);
    }

    /// <summary>Whether it has ended.</summary>
    public bool IsOver(long leaseMs, long nowMs, long elapsedMs) => EndsMs(leaseMs, nowMs, elapsedMs) is > 0 and var end && Read(nowMs, elapsedMs) > end;

    private long Read(long nowMs, long elapsedMs)
    {
        // From the highest that was ever read: a wall clock that was set back must not stand still until it has caught up.
        _clockMs = Math.Max(nowMs, _clockMs + Math.Max(0, elapsedMs - (_elapsedMs ?? elapsedMs)));
        _elapsedMs = elapsedMs;
        return _clockMs;
    }

    // Not worth an fsync of its own: it rides with the next op, and without ops nothing is spent.
    private void Save()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, _heardMs);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), _clockMs);
        work.WriteLazily(Collection, Key, bytes);
    }
}
