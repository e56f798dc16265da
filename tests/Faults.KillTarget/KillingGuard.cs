using SyncHub.Agent.Engine;
using SyncHub.Core.Identity;

namespace SyncHub.Faults.KillTarget;

/// <summary>The machine's guard, whose writes count.</summary>
internal sealed class KillingGuard(IGuard guard, Trigger trigger) : IGuard
{
    /// <inheritdoc/>
    public LifeKey Device => guard.Device;

    /// <inheritdoc/>
    public GuardRecord? Read() => guard.Read();

    /// <inheritdoc/>
    public void Write(GuardRecord record)
    {
        var number = trigger.Before("guard");
        guard.Write(record);
        trigger.After(number, "guard");
    }
}
