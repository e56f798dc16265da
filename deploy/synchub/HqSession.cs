using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncHub.Hub.Users;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;

namespace SyncHub.Cli;

/// <summary>What <c>synchub login</c> leaves for the commands after it: a file that only its owner may read.</summary>
internal static class HqSession
{
    /// <summary>The file: <c>SYNCHUB_SESSION</c>, or <c>.synchub/session</c> in the user's home.</summary>
    public static string Path => Environment.GetEnvironmentVariable("SYNCHUB_SESSION") is { Length: > 0 } named ? named
        : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".synchub", "session");

    /// <summary>Keeps a session for one hub.</summary>
    public static void Keep(string hub, string token, string authorityFile)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;
        PrivateFile.CreateFolder(folder);
        PrivateFile.Write(Path, JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string>(StringComparer.Ordinal) { ["hub"] = hub, ["token"] = token, ["ca"] = authorityFile.Length > 0 ? System.IO.Path.GetFullPath(authorityFile) : "" }));
    }

    /// <summary>The session for this hub: one for another hub is never shown to it.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static string Read(string hub)
    {
        return Find(hub, "token") is { Length: > 0 } token ? token : throw new IOException($"Nobody is signed in at {hub}. Run `synchub login --hub {hub} --user NAME`, or give --token-file.");
    }

    /// <summary>The file of the authority by which this hub was known when somebody signed in; empty where nobody is.</summary>
    public static string AuthorityOf(string hub) => Find(hub, "ca") ?? "";

    /// <summary>Which certificates of the hubs of an authority are void, as earlier commands of this user heard it.</summary>
    public static IHubFloor FloorFor(string authorityFile)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;
        var name = "hub-" + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(authorityFile)).AsSpan(0, 8)) + ".floor";
        return new HubFloorFile(System.IO.Path.Combine(folder, name), (path, bytes) =>
        {
            try
            {
                PrivateFile.CreateFolder(folder);
                PrivateFile.Write(path, bytes);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // A program without a home works as well: the next command hears it again from the hub.
                Console.Error.WriteLine($"Which keys of hubs were revoked cannot be kept in {path}: {fault.Message}");
            }
        });
    }

    /// <summary>Forgets it.</summary>
    public static void Forget() => File.Delete(Path);

    private static string? Find(string hub, string key)
    {
        try
        {
            var kept = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path, Encoding.UTF8));
            return kept?.GetValueOrDefault("hub") == hub ? kept.GetValueOrDefault(key) : null;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null; // no session, or a damaged one: whoever asks says the way out
        }
    }
}
