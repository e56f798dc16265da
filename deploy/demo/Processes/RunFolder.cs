namespace SyncHub.Demo.Processes;

/// <summary>The folder of one run: databases and logs. It carries a mark, so that a demo never empties a folder that is not its own.</summary>
internal sealed class RunFolder
{
    private const string Mark = ".synchub-demo";

    private RunFolder(string path) => Path = path;

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>The hub's data.</summary>
    public string Hub => System.IO.Path.Combine(Path, "hub");

    /// <summary>The data of a hub; the first one's of the first cell is <see cref="Hub"/>.</summary>
    /// <param name="cell">Which cell, from 1.</param>
    /// <param name="hub">Which of its hubs, from 0.</param>
    public string HubOf(int cell, int hub) => System.IO.Path.Combine(Path, (cell == 1 ? "hub" : $"cell-{cell}-hub") + (hub == 0 ? "" : $"-{hub + 1}"));

    /// <summary>The key of HQ's doors.</summary>
    public string Token => System.IO.Path.Combine(Hub, "admin.token");

    /// <summary>What the processes say.</summary>
    public string Logs => System.IO.Path.Combine(Path, "logs");

    /// <summary>A store's data; stores are counted from 0 here and named from 1.</summary>
    public string Agent(int store) => System.IO.Path.Combine(Path, $"agent-{store + 1}");

    /// <summary>A store's data of one cell.</summary>
    public string Agent(int store, int cell) => Agent(store) + (cell == 1 ? "" : $".cell-{cell}");

    /// <summary>Makes an empty one; what an earlier demo left there goes.</summary>
    /// <exception cref="DemoException">Something else is there.</exception>
    public static RunFolder Create(string path)
    {
        var folder = new RunFolder(System.IO.Path.GetFullPath(path));
        var mark = System.IO.Path.Combine(folder.Path, Mark);
        if (Directory.Exists(folder.Path) && Directory.EnumerateFileSystemEntries(folder.Path).Any())
        {
            if (!File.Exists(mark))
            {
                throw new DemoException($"{folder.Path} holds something that no demo made. Choose another --data, or empty it yourself.");
            }

            Directory.Delete(folder.Path, recursive: true);
        }

        Directory.CreateDirectory(folder.Logs);
        File.WriteAllText(mark, "Made by the SyncHub demo, which empties this folder when it starts again.\n");
        return folder;
    }

    /// <summary>Removes it.</summary>
    public void Delete() => Directory.Delete(Path, recursive: true);
}
