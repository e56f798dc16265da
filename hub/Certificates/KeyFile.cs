using System.Text;

namespace SyncHub.Hub.Certificates;

/// <summary>Files that hold a key: readable by their owner only, whole or not there.</summary>
internal static class KeyFile
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Writes the file aside and renames it.</summary>
    public static void Write(string path, string contents)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        File.Delete(path + ".new");
        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(Encoding.ASCII.GetBytes(contents));
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Reads the file.</summary>
    /// <exception cref="ArgumentException">Somebody but the owner can read it.</exception>
    public static string Read(string path)
    {
        DemandPrivate(path);
        return File.ReadAllText(path);
    }

    /// <summary>Nothing starts on a key that others can read: it may be in their hands already.</summary>
    /// <exception cref="ArgumentException">Somebody but the owner can read it.</exception>
    public static void DemandPrivate(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != UnixFileMode.None)
        {
            throw new ArgumentException($"{path} can be read by others than its owner. If nobody has copied it: chmod 600 {path}. Else the key must be replaced.", nameof(path));
        }
    }
}
