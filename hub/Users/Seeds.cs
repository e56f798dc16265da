using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.Storage.Files;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>Users and tokens that somebody with a shell on the hub's machine adds: the way in to a new hub, and back into one whose admin is gone.</summary>
/// <remarks>
/// A seed is a file in the hub's own folder, which only its owner may write. It holds hashes, no password and no token. The hub takes it in when it
/// starts and before each sign-in, records who made it, and deletes it.
/// </remarks>
public static class Seeds
{
    private const string Folder = "seeds";

    /// <summary>Adds an admin, or gives the one of that name a new password.</summary>
    /// <exception cref="ArgumentException">The name or the password may not be used; the message says why.</exception>
    public static void AddAdmin(string dataDirectory, string name, string password)
    {
        if ((UserBook.FindNameFault(name) ?? Passwords.FindFault(name, password)) is { } fault)
        {
            throw new ArgumentException(fault);
        }

        Write(dataDirectory, new SeedFile { User = new UserDocument { Name = name, Role = Role.Admin, Password = Passwords.Hash(password) }, By = Environment.UserName });
    }

    /// <summary>Adds an API token with the permissions of a role.</summary>
    /// <returns>The token, which cannot be read again.</returns>
    /// <exception cref="ArgumentException">The name may not be used.</exception>
    public static string AddToken(string dataDirectory, string name, Role role)
    {
        if (UserBook.FindNameFault(name) is { } fault)
        {
            throw new ArgumentException(fault);
        }

        var secret = Secrets.Make(Secrets.TokenPrefix);
        var token = new ApiToken { Id = ApiTokensService.NewId(), Name = name };
        token.Permissions.AddRange(Roles.PermissionsOf(role));
        Write(dataDirectory, new SeedFile { TokenHash = ByteString.CopyFrom(Secrets.KeyOf(secret)), Token = token, By = Environment.UserName });
        return secret;
    }

    /// <summary>Writes a token to a file that only its owner may read; one that exists is replaced.</summary>
    public static void AddTokenTo(string dataDirectory, string name, Role role, string path) => PrivateFile.Write(path, System.Text.Encoding.ASCII.GetBytes(AddToken(dataDirectory, name, role)));

    /// <summary>Takes in the seeds that lie in a hub's folder.</summary>
    internal static async Task TakeInAsync(string dataDirectory, UserBook users, CommitPipeline pipeline, TimeProvider time)
    {
        var folder = Path.Combine(dataDirectory, Folder);
        foreach (var path in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.seed") : [])
        {
            var seed = SeedFile.Parser.ParseFrom(await File.ReadAllBytesAsync(path).ConfigureAwait(false));
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            var by = "machine " + seed.By;
            AuditEntry Entry(string what, string name) => new() { AtMs = now, Who = by, What = what, Outcome = "done", Detail = name };
            if (seed.User is { } user)
            {
                await users.ChangeAsync(user.Name, known => new UserDocument(user) { CreatedAtMs = known?.CreatedAtMs ?? now, CreatedBy = known?.CreatedBy ?? by, SessionGeneration = (known?.SessionGeneration ?? 0) + 1 }, act: Entry("Users/AddUser", user.Name)).ConfigureAwait(false);
            }

            if (seed.Token is { } token)
            {
                (token.CreatedAtMs, token.CreatedBy) = (now, by);
                var batch = new JournalBatch();
                batch.Documents.Add(ApiTokenBook.Put(seed.TokenHash.Memory, token));
                await pipeline.CommitAsync(batch, Entry("ApiTokens/AddToken", token.Name)).ConfigureAwait(false);
            }

            File.Delete(path); // taken in twice it changes nothing but the sessions
        }
    }

    private static void Write(string dataDirectory, SeedFile seed)
    {
        PrivateFile.CreateFolder(dataDirectory);
        var folder = Path.Combine(dataDirectory, Folder);
        PrivateFile.CreateFolder(folder);
        PrivateFile.Write(Path.Combine(folder, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)) + ".seed"), seed.ToByteArray());
    }
}
