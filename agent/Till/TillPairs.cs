using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncHub.Agent.Hosting;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Till;

/// <summary>Tills that may reach this agent over the shop's network: names with the hash of what each shows. A file beside the identity.</summary>
/// <remarks>Thread rule: any thread. The file is read again when it changed, so a till that is unpaired is out at once.</remarks>
public sealed class TillPairs(string dataDirectory)
{
    private const string Prefix = "syp_";
    private const int SecretBytes = 32;
    private const int LongestName = 64;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly string _path = Path.Combine(dataDirectory, "tills.json");
    private readonly Lock _gate = new();
    private Dictionary<string, string> _names = []; // by hash
    private DateTime _readAt;

    /// <summary>Pairs a till.</summary>
    /// <returns>What it has to show; it cannot be read again.</returns>
    /// <exception cref="ArgumentException">The name is taken, or no name.</exception>
    public static string Add(string dataDirectory, string name)
    {
        var pairs = new TillPairs(dataDirectory);
        pairs.ReadAgain();
        if (name.Length is 0 or > LongestName || name.Any(char.IsControl) || pairs._names.ContainsValue(name))
        {
            throw new ArgumentException($"A till needs a name of 1 to {LongestName} characters that no other till has.", nameof(name));
        }

        var secret = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        pairs._names[HashOf(secret)] = name;
        pairs.Write();
        return secret;
    }

    /// <summary>Unpairs a till.</summary>
    /// <returns>Whether it was paired.</returns>
    public static bool Remove(string dataDirectory, string name)
    {
        var pairs = new TillPairs(dataDirectory);
        pairs.ReadAgain();
        var found = pairs._names.Where(pair => pair.Value == name).Select(pair => pair.Key).ToArray();
        foreach (var hash in found)
        {
            pairs._names.Remove(hash);
        }

        pairs.Write();
        return found.Length > 0;
    }

    /// <summary>The name of the till that shows this; null for a stranger.</summary>
    public string? Find(string? authorization)
    {
        if (authorization is null || !authorization.StartsWith("Bearer " + Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        lock (_gate)
        {
            ReadAgain();
            return _names.GetValueOrDefault(HashOf(authorization["Bearer ".Length..].Trim()));
        }
    }

    private void ReadAgain()
    {
        var changed = File.GetLastWriteTimeUtc(_path); // 1601 where there is none
        if (changed == _readAt)
        {
            return;
        }

        _names = File.Exists(_path) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(_path), Json) ?? [] : [];
        _readAt = changed;
    }

    private void Write() => PrivateFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(_names, Json));

    // 256 random bits need no slow hash; looked up by it, so nothing can be timed.
    private static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
