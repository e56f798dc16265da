namespace SyncHub.Agent.Hosting;

/// <summary>The data folder of an agent.</summary>
public static class AgentFolder
{
    /// <summary>Makes it, for its owner only; one that is there stays as it is.</summary>
    public static void Create(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
