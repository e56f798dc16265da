using System.Security.Cryptography;
using System.Text;
using Grpc.Core;

namespace SyncHub.Hub;

/// <summary>Who may speak for HQ: whoever has the token that lies, readable by its owner only, in the hub's folder.</summary>
internal sealed class Authority
{
    private const string Scheme = "Bearer ";
    private readonly byte[] _hash;

    private Authority(string token) => _hash = Hash(token);

    /// <summary>Reads the token of a hub's folder, made where there is none.</summary>
    public static Authority Open(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "admin.token");
        if (!File.Exists(path))
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var writer = new StreamWriter(path, Encoding.ASCII, options);
            writer.Write(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        }

        return new Authority(File.ReadAllText(path).Trim());
    }

    /// <summary>Whether this header value carries the token.</summary>
    public bool Allows(string? authorization) => TokenIn(authorization) is { } token && CryptographicOperations.FixedTimeEquals(Hash(token), _hash);

    /// <summary>Lets a call through, or ends it.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED.</exception>
    public void Demand(ServerCallContext context)
    {
        if (!Allows(context.RequestHeaders.GetValue("authorization")))
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "Send metadata 'authorization: Bearer <token>' with the token from admin.token in the hub's folder."));
        }
    }

    /// <summary>The token in a header value, or null.</summary>
    public static string? TokenIn(string? authorization) =>
        authorization is not null && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : null;

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
