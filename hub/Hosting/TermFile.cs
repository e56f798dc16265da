using System.Globalization;
using System.Text;
using SyncHub.Storage.Files;

namespace SyncHub.Hub;

/// <summary>The newest term that a hub in this folder ever served, beside the database and in no copy of it.</summary>
/// <remarks>
/// A restored database has forgotten the terms after it, and a clock may have gone back: a term that is given twice gives life numbers twice. Where the file is lost with
/// its machine the clock is all there is, and stores of a forgotten term are quarantined until a person gives them a new life.
/// </remarks>
internal static class TermFile
{
    private const string Name = "hub.term";

    /// <summary>The term; 0 where there is no file, or nothing in it that is a number.</summary>
    public static int Read(string dataDirectory) =>
        Path.Combine(dataDirectory, Name) is var path && File.Exists(path) && int.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var term) ? term : 0;

    /// <summary>Writes a term that is served; a lower one than is there changes nothing.</summary>
    public static void Raise(string dataDirectory, int term)
    {
        if (term > Read(dataDirectory))
        {
            PrivateFile.Write(Path.Combine(dataDirectory, Name), Encoding.ASCII.GetBytes(term.ToString(CultureInfo.InvariantCulture)));
        }
    }
}
