using System.Text;
using Google.Protobuf;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>The users of a hub: documents of its journal, read at each use, so that what was taken away is gone at once.</summary>
/// <remarks>Thread-safe. Changes are made one after the other, each durable before the next is decided.</remarks>
internal sealed class UserBook(IJournal journal, CommitPipeline pipeline) : IDisposable
{
    /// <summary>The collection of what <see cref="CountNobodyAsync"/> writes.</summary>
    public const string Strangers = "login-try";

    private const string Collection = "user";
    private static readonly byte[] NobodyKey = "nobody"u8.ToArray();
    private const int ScanPage = 500;
    private const int LongestName = 29; // two of them fit where an act names who approved it
    private readonly SemaphoreSlim _changing = new(1);

    /// <summary>Why a name may not be used, or null. Names are for logs, accounts and file names: letters, digits, dot, dash.</summary>
    public static string? FindNameFault(string name) =>
        name.Length is 0 or > LongestName || !char.IsAsciiLetter(name[0]) || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('.' or '-'))
            ? $"A name has 1 to {LongestName} characters: letters, digits, dots and dashes, first a letter." : null;

    /// <summary>A user, or null. Names are not told apart by case.</summary>
    public UserDocument? Find(string name) => journal.ReadDocument(Collection, KeyOf(name)) is { } bytes ? UserDocument.Parser.ParseFrom(bytes) : null;

    /// <summary>Users by name, after a name (empty: all), read as they are taken.</summary>
    public IEnumerable<UserDocument> After(string name)
    {
        var key = KeyOf(name);
        for (var page = journal.ReadDocuments(Collection, default, key, ScanPage); page.Count > 0; page = journal.ReadDocuments(Collection, default, key, ScanPage))
        {
            key = page[^1].Key;
            foreach (var document in page)
            {
                yield return UserDocument.Parser.ParseFrom(document.Value);
            }
        }
    }

    /// <summary>Whether there is anybody.</summary>
    public bool IsEmpty => journal.CountDocuments(Collection) == 0;

    /// <summary>What to write of a user.</summary>
    public static DocumentWrite Put(UserDocument user) => new(Collection, KeyOf(user.Name), user.ToByteArray());

    /// <summary>Changes a user; durable when the task completes.</summary>
    /// <param name="name">Who.</param>
    /// <param name="change">From what is there (null: nobody) to what shall be; null changes nothing. Called once, while nobody else changes a user.</param>
    /// <param name="also">More to write in the same commit.</param>
    /// <param name="act">The entry of the audit trail; null where the call that is let through has one.</param>
    public async Task<UserDocument?> ChangeAsync(string name, Func<UserDocument?, UserDocument?> change, Action<JournalBatch, UserDocument>? also = null, AuditEntry? act = null)
    {
        await _changing.WaitAsync().ConfigureAwait(false);
        try
        {
            var changed = change(Find(name)?.Clone());
            if (changed is not null)
            {
                var batch = new JournalBatch();
                batch.Documents.Add(Put(changed));
                also?.Invoke(batch, changed);
                await pipeline.CommitAsync(batch, act).ConfigureAwait(false);
            }

            return changed;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Writes as much as counting a try of a user does, where there is none: else the time of an answer would tell who has a name.</summary>
    /// <remarks>One document, however many strangers come.</remarks>
    public async Task CountNobodyAsync(long nowMs)
    {
        await _changing.WaitAsync().ConfigureAwait(false);
        try
        {
            var batch = new JournalBatch();
            batch.Documents.Add(new DocumentWrite(Strangers, NobodyKey, new UserDocument { LastWrongMs = nowMs }.ToByteArray()));
            await pipeline.CommitAsync(batch).ConfigureAwait(false);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>As HQ sees a user.</summary>
    public static User ToWire(UserDocument user)
    {
        var wire = new User
        {
            Name = user.Name,
            Role = user.Role,
            Disabled = user.Disabled,
            CreatedAtMs = user.CreatedAtMs,
            CreatedBy = user.CreatedBy,
            LastLoginMs = user.LastLoginMs,
            LockedUntilMs = TryLimit.LockedUntilMs(user.WrongTries, user.LastWrongMs),
        };
        wire.Stores.AddRange(user.Stores);
        return wire;
    }

    /// <summary>A user as a caller.</summary>
    public static Caller ToCaller(UserDocument user, byte[] sessionKey) =>
        new(user.Name, IsProgram: false, Roles.PermissionsOf(user.Role), [.. user.Stores]) { Role = user.Role, Key = sessionKey };

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    private static byte[] KeyOf(string name) => Encoding.UTF8.GetBytes(name.ToLowerInvariant());
}
