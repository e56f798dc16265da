namespace SyncHub.Storage.Tests;

/// <summary>A folder of one test, gone with it.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("synchub-journal-");

    /// <summary>Where the test's journal lies.</summary>
    public string Journal => File("journal.db");

    /// <summary>The folder.</summary>
    public string Folder => _folder.FullName;

    public string File(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
