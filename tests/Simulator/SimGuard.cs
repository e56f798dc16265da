using SyncHub.Agent.Engine;
using SyncHub.Core.Identity;

namespace SyncHub.Simulator;

/// <summary>A guard outside the database: it survives what happens to that.</summary>
internal sealed class SimGuard(ulong device) : IGuard
{
    public LifeKey Device { get; } = new(device);

    public GuardRecord? Record { get; set; }

    public GuardRecord? Read() => Record;

    public void Write(GuardRecord record) => Record = record;
}
