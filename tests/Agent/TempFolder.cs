namespace SyncHub.Agent.Tests;

/// <summary>A data folder of one test, gone with it.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("synchub-agent-");

    public string Path => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
