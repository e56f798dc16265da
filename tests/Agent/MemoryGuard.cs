using SyncHub.Agent.Engine;
using SyncHub.Core.Identity;

namespace SyncHub.Agent.Tests;

/// <summary>A guard that outlives its engine and forgets nothing.</summary>
internal sealed class MemoryGuard : IGuard
{
    public LifeKey Device { get; set; } = new(77);

    public GuardRecord? Record { get; set; }

    public ReadOnlyMemory<byte> Pepper { get; private set; }

    public void KeepPepper(ReadOnlySpan<byte> pepper) => Pepper = pepper.ToArray();

    public GuardRecord? Read() => Record;

    public void Write(GuardRecord record) => Record = record;
}
