namespace SyncHub.Bench;

/// <summary>Where things lie in the working copy.</summary>
internal static class Layout
{
    /// <summary>The root of the working copy.</summary>
    /// <exception cref="InvalidOperationException">The bench does not lie in one.</exception>
    public static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SyncHub.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The bench must run from within the working copy: make bench.");
    }

    /// <summary>Where the report goes.</summary>
    public static string Output(string root) => Path.Combine(root, "artifacts", "bench");

    /// <summary>An empty folder for databases. Beside the report and not in /tmp, which may be memory: commits are to meet a disk.</summary>
    public static string Fresh(string output)
    {
        var folder = Path.Combine(output, "run");
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return Directory.CreateDirectory(folder).FullName;
    }

    /// <summary>The program, built in the configuration of the bench.</summary>
    /// <exception cref="InvalidOperationException">It is not there.</exception>
    public static string Program(string root)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var path = Path.Combine(root, "artifacts", "build", "bin", "synchub", configuration, OperatingSystem.IsWindows() ? "synchub.exe" : "synchub");
        return File.Exists(path) ? path : throw new InvalidOperationException($"There is no {path}. Run make build first.");
    }
}
