namespace SyncHub.Hub.Users;

/// <summary>Files that only their owner may read, and that appear whole or not at all.</summary>
public static class OwnFile
{
    /// <summary>Writes one; an older one of that name is replaced.</summary>
    public static void Write(string path, ReadOnlySpan<byte> contents)
    {
        var draft = path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(draft, options))
        {
            file.Write(contents);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }
}
