namespace SyncHub.Agent.Tests;

/// <summary>A data folder of one test, gone with it.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("synchub-agent-");

    /// <summary>A folder within it, so that what an agent keeps beside its folder (guard, keys) goes too.</summary>
    public string Path { get; }

    public TempFolder() => Path = _folder.CreateSubdirectory("store").FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
