using SyncHub.Hub.Doors;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>Who may come in: users, their sessions, programs' tokens.</summary>
/// <remarks>Thread-safe. It lives as long as the hub.</remarks>
internal sealed class AccessBooks : IDisposable
{
    private const int HashesAtOnce = 2; // a flood of sign-ins must leave the processor to the stores
    private readonly SemaphoreSlim _hashing = new(HashesAtOnce);
    private readonly HubParts _parts;
    private readonly string _dataDirectory;

    /// <summary>Opens the books of a hub.</summary>
    public AccessBooks(HubParts parts, HubOptions options)
    {
        _parts = parts;
        _dataDirectory = options.DataDirectory;
        Users = new UserBook(parts.Journal, parts.Pipeline);
        Sessions = new SessionBook(parts.Journal, parts.Pipeline, Users, parts.Time);
        Tokens = new ApiTokenBook(parts.Journal, parts.Pipeline, parts.Time);
        Tries = new TryLimit(parts.Time);
    }

    /// <summary>People.</summary>
    public UserBook Users { get; }

    /// <summary>Their open sessions.</summary>
    public SessionBook Sessions { get; }

    /// <summary>Programs.</summary>
    public ApiTokenBook Tokens { get; }

    /// <summary>Cashiers' PINs.</summary>
    public PinBook Pins => _parts.Pins!;

    /// <summary>Wrong tries.</summary>
    public TryLimit Tries { get; }

    /// <summary>Whether nobody can come in yet.</summary>
    public bool IsEmpty => Users.IsEmpty && Tokens.All().Count == 0;

    /// <summary>Who shows this, or null.</summary>
    public Task<Caller?> FindAsync(string secret) =>
        secret.StartsWith(Secrets.SessionPrefix, StringComparison.Ordinal) ? Sessions.FindAsync(secret)
        : secret.StartsWith(Secrets.TokenPrefix, StringComparison.Ordinal) ? Tokens.FindAsync(secret)
        : Task.FromResult<Caller?>(null);

    /// <summary>Whether a password is the one, a few at a time.</summary>
    public async Task<bool> CheckAsync(string password, PasswordHash? hash)
    {
        await _hashing.WaitAsync().ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Passwords.IsRight(password, hash)).ConfigureAwait(false);
        }
        finally
        {
            _hashing.Release();
        }
    }

    /// <summary>Takes in what was added on the hub's machine.</summary>
    public Task TakeInSeedsAsync() => Seeds.TakeInAsync(_dataDirectory, Users, _parts.Pipeline, _parts.Time);

    /// <inheritdoc/>
    public void Dispose()
    {
        _hashing.Dispose();
        Users.Dispose();
        Sessions.Dispose();
        Tokens.Dispose();
    }
}
