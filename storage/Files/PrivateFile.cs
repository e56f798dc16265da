namespace SyncHub.Storage.Files;

/// <summary>Files and folders that are their owner's alone: keys, tokens, identities, databases. The one place that makes them.</summary>
public static class PrivateFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Writes a file whole or not at all, in the place of an older one; when it returns, contents and name survive a power cut.</summary>
    /// <exception cref="IOException">It cannot be written; what was there is there still.</exception>
    public static void Write(string path, ReadOnlySpan<byte> contents)
    {
        path = Path.GetFullPath(path);
        var draft = path + ".new";
        File.Delete(draft);
        using (var file = new FileStream(draft, Options(FileMode.CreateNew)))
        {
            file.Write(contents);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
        DirectorySync.Flush(Path.GetDirectoryName(path)!);
    }

    /// <summary>How a file is opened for writing so that, where it is made, it is made for its owner only.</summary>
    public static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Owner;
        }

        return options;
    }

    /// <summary>Whether anybody but its owner can read or change a file. Never on a system without such modes.</summary>
    public static bool IsOpenToOthers(string path) => !OperatingSystem.IsWindows() && File.Exists(path) && (File.GetUnixFileMode(path) & Others) != UnixFileMode.None;

    /// <summary>Makes a folder for its owner only; one that is there stays as it is.</summary>
    public static void CreateFolder(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, Owner | UnixFileMode.UserExecute);
        }
    }
}
