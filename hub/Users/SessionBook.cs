using Google.Protobuf;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>Open sessions of people: documents under the hash of what the person shows.</summary>
/// <remarks>Thread-safe. A session is over when it is idle, old, signed out of, or its user was changed or disabled.</remarks>
internal sealed class SessionBook(IJournal journal, CommitPipeline pipeline, UserBook users, TimeProvider time) : IDisposable
{
    /// <summary>How long a session lasts at most.</summary>
    public const long LifeMs = 12 * 60 * 60 * 1000;

    /// <summary>How long it lasts unused.</summary>
    public const long IdleMs = 30 * 60 * 1000;

    private const string Collection = "session";
    private const long TouchMs = 60 * 1000; // a use is worth a commit no more often
    private const int MostCleaned = 100;
    private readonly SemaphoreSlim _touching = new(1);

    /// <summary>A new session, to be written with the sign-in; old ones that are over go with it.</summary>
    /// <returns>What the person shows from now on.</returns>
    public string Open(JournalBatch batch, UserDocument user, string from)
    {
        var (secret, now) = (Secrets.Make(Secrets.SessionPrefix), Now());
        var session = new SessionDocument { User = user.Name, Generation = user.SessionGeneration, CreatedAtMs = now, ExpiresAtMs = now + LifeMs, LastUsedMs = now, From = from };
        foreach (var document in journal.ReadDocuments(Collection, default, default, int.MaxValue).Where(document => IsOver(SessionDocument.Parser.ParseFrom(document.Value), now)).Take(MostCleaned))
        {
            batch.Documents.Add(new DocumentWrite(Collection, document.Key, null));
        }

        batch.Documents.Add(new DocumentWrite(Collection, Secrets.KeyOf(secret), session.ToByteArray()));
        return secret;
    }

    /// <summary>Who shows this, or null.</summary>
    public async Task<Caller?> FindAsync(string secret)
    {
        var key = Secrets.KeyOf(secret);
        if (Read(key) is not { } session || IsOver(session, Now()) || users.Find(session.User) is not { Disabled: false } user || user.SessionGeneration != session.Generation)
        {
            return null;
        }

        if (Now() - session.LastUsedMs > TouchMs)
        {
            await ChangeAsync(key, used => used.LastUsedMs = Now()).ConfigureAwait(false);
        }

        return UserBook.ToCaller(user, key);
    }

    /// <summary>Ends a session.</summary>
    public Task EndAsync(ReadOnlyMemory<byte> key) => ChangeAsync(key.ToArray(), null);

    /// <inheritdoc/>
    public void Dispose() => _touching.Dispose();

    // Read and written under one lock: a use that is noted must not bring back a session that was ended meanwhile.
    private async Task ChangeAsync(byte[] key, Action<SessionDocument>? change)
    {
        await _touching.WaitAsync().ConfigureAwait(false);
        try
        {
            if (Read(key) is not { } session)
            {
                return;
            }

            change?.Invoke(session);
            var batch = new JournalBatch();
            batch.Documents.Add(new DocumentWrite(Collection, key, change is null ? null : session.ToByteArray()));
            await pipeline.CommitAsync(batch).ConfigureAwait(false);
        }
        finally
        {
            _touching.Release();
        }
    }

    private SessionDocument? Read(byte[] key) => journal.ReadDocument(Collection, key) is { } bytes ? SessionDocument.Parser.ParseFrom(bytes) : null;

    private static bool IsOver(SessionDocument session, long now) => now >= session.ExpiresAtMs || now - session.LastUsedMs >= IdleMs;

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
