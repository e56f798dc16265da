using SyncHub.Testing;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>A test on a small disk of its own, which only root may make; elsewhere it is skipped and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TmpfsFactAttribute : FactAttribute
{
    public TmpfsFactAttribute()
    {
        var folder = Directory.CreateTempSubdirectory("synchub-mount-").FullName;
        if (SmallDisk.TryMount(folder, 1))
        {
            SmallDisk.Unmount(folder);
        }
        else
        {
            Skip = "needs root and the right to mount a tmpfs";
        }

        Directory.Delete(folder);
    }
}
