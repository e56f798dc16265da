using Google.Protobuf;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>API tokens of programs: documents under the hash of the secret. A revoked one stays, so that the trail's names mean something.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ApiTokenBook(IJournal journal, CommitPipeline pipeline, TimeProvider time) : IDisposable
{
    private const string Collection = "api-token";
    private const long TouchMs = 60 * 1000; // a use is worth a commit no more often
    private readonly SemaphoreSlim _changing = new(1);

    /// <summary>All tokens, newest first. One that was revoked stays, so a token's place does not move.</summary>
    public IReadOnlyList<ApiToken> All() => [.. Documents().Select(document => document.Token).OrderByDescending(token => token.CreatedAtMs).ThenBy(token => token.Id, StringComparer.Ordinal)];

    /// <summary>What to write of a new token.</summary>
    public static DocumentWrite Put(ReadOnlyMemory<byte> key, ApiToken token) => new(Collection, key.ToArray(), new ApiTokenDocument { Token = token }.ToByteArray());

    /// <summary>Adds one.</summary>
    /// <returns>Its secret, which cannot be read again.</returns>
    public async Task<string> AddAsync(ApiToken token)
    {
        var secret = Secrets.Make(Secrets.TokenPrefix);
        var batch = new JournalBatch();
        batch.Documents.Add(Put(Secrets.KeyOf(secret), token));
        await pipeline.CommitAsync(batch).ConfigureAwait(false);
        return secret;
    }

    /// <summary>Who shows this, or null.</summary>
    public async Task<Caller?> FindAsync(string secret)
    {
        var (key, now) = (Secrets.KeyOf(secret), time.GetUtcNow().ToUnixTimeMilliseconds());
        if (Read(key) is not { Revoked: false } token || (token.ExpiresAtMs != 0 && now >= token.ExpiresAtMs))
        {
            return null;
        }

        if (now - token.LastUsedMs > TouchMs)
        {
            await ChangeAsync(key, used => used.LastUsedMs = now).ConfigureAwait(false);
        }

        return new Caller(token.Name, IsProgram: true, token.Permissions.ToHashSet(), [.. token.Stores]) { Key = key };
    }

    /// <summary>Revokes one at once.</summary>
    /// <returns>The token as it is now; null for an unknown one.</returns>
    public async Task<ApiToken?> RevokeAsync(string id)
    {
        var found = journal.ReadDocuments(Collection, default, default, int.MaxValue)
            .FirstOrDefault(document => ApiTokenDocument.Parser.ParseFrom(document.Value).Token.Id == id);
        return found.Key is null ? null : await ChangeAsync(found.Key, token => token.Revoked = true).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    // Read and written under one lock: a use that is noted must not bring back a token that was revoked meanwhile.
    private async Task<ApiToken?> ChangeAsync(byte[] key, Action<ApiToken> change)
    {
        await _changing.WaitAsync().ConfigureAwait(false);
        try
        {
            if (Read(key) is not { } token)
            {
                return null;
            }

            change(token);
            var batch = new JournalBatch();
            batch.Documents.Add(Put(key, token));
            await pipeline.CommitAsync(batch).ConfigureAwait(false);
            return token;
        }
        finally
        {
            _changing.Release();
        }
    }

    private ApiToken? Read(byte[] key) => journal.ReadDocument(Collection, key) is { } bytes ? ApiTokenDocument.Parser.ParseFrom(bytes).Token : null;

    private IEnumerable<ApiTokenDocument> Documents() =>
        journal.ReadDocuments(Collection, default, default, int.MaxValue).Select(document => ApiTokenDocument.Parser.ParseFrom(document.Value));
}
