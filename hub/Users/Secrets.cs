using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SyncHub.Hub.Users;

/// <summary>Secrets that the hub gives out once: 256 random bits as text, of which it keeps a hash.</summary>
/// <remarks>A plain SHA-256 is enough: nobody tries 2^256 values. It is looked up as a key, so no comparison can be timed.</remarks>
internal static class Secrets
{
    /// <summary>How a session's secret begins.</summary>
    public const string SessionPrefix = "sys_";

    /// <summary>How an API token's secret begins, so that scanners find one that leaked.</summary>
    public const string TokenPrefix = "syt_";

    private const int Bytes = 32;

    /// <summary>A new one.</summary>
    public static string Make(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>What is kept of it.</summary>
    public static byte[] KeyOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
