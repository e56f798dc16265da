using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Sync;
using SyncHub.Agent.Till;
using SyncHub.Storage;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Agent.Hosting;

/// <summary>A store's part in one cell of its chain: a folder with identity and database, an engine over it, a link to the hub that leads the cell.</summary>
/// <remarks>A chain of one database has one. Nothing is shared between two of them but the process, so one that fails or is offline leaves the other alone.</remarks>
internal sealed class StoreCell : IAsyncDisposable
{
    private static readonly HashSet<string> HiddenKeys = ["phone", "card"]; // whoever could read them would have every member's phone

    private readonly AgentLoop _loop;
    private readonly SyncLink _link;
    private readonly SlowWalk<byte[]> _idle;
    private readonly SlowWalk<byte[]> _members;
    private readonly SlowWalk<(int Collection, byte[] After)> _old;
    private readonly GuardFile _guard;

    private StoreCell(AgentLoop loop, SyncLink link, AgentOptions options, ILogger log, GuardFile guard, StoreIdentity identity)
    {
        (_loop, _link, _guard) = (loop, link, guard);
        _idle = IdleRights.WalkOver(loop, link, options.IdleDays, options.WalkInterval, log);
        _members = IdleMembers.WalkOver(loop, link, options.UnfollowDays, options.WalkInterval, log);
        _old = OldRecords.WalkOver(loop, options.RetainDays, options.WalkInterval, log);
        Calls = new CellCalls(loop, link, identity.InCell);
        link.Orders = Calls.DoAsync;
    }

    /// <summary>What tills ask of it.</summary>
    public CellCalls Calls { get; }

    /// <summary>Whether its hub is there.</summary>
    public bool IsOnline => _link.IsOnline;

    /// <summary>Opens the database; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="options">With the folder and the hubs of this cell (<see cref="AgentOptions.ForCell"/>).</param>
    /// <param name="identity">Of that folder.</param>
    /// <param name="log">For people.</param>
    /// <exception cref="AgentStartException">The key or the database is not this store's.</exception>
    /// <exception cref="JournalException">The database cannot be used.</exception>
    public static async Task<StoreCell> OpenAsync(AgentOptions options, StoreIdentity identity, ILogger log)
    {
        var keys = KeyHolder.Open(options);
        var guard = GuardFile.Open(options.GuardPath);
        try
        {
            var loop = await OpenLoopAsync(options, identity, guard, log);
            var link = new SyncLink(loop, identity, keys, options, TimeProvider.System, log);
            return new StoreCell(loop, link, options, log, guard, identity);
        }
        catch
        {
            guard.Dispose();
            throw;
        }
    }

    /// <summary>Connects, and begins the slow rounds.</summary>
    public void Start()
    {
        _link.Start();
        _idle.Start();
        _members.Start();
        _old.Start();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _idle.DisposeAsync();
        await _members.DisposeAsync();
        await _old.DisposeAsync();
        await _link.DisposeAsync();
        await _loop.DisposeAsync();
        _guard.Dispose();
    }

    private static async Task<AgentLoop> OpenLoopAsync(AgentOptions options, StoreIdentity identity, GuardFile guard, ILogger log)
    {
        var journalOptions = AgentOptions.Journal with { OnTrouble = trouble => log.LogError("The database has trouble: {Reason}", trouble.Message) };
        var path = Path.Combine(options.DataDirectory, "agent.db");
        var ring = KeyRing.Of(path, options.KeyPath);
        IJournal Open() => options.AroundJournal(SqliteJournal.Open(path, journalOptions));
        var journal = await SealedJournal.OpenAsync(Open(), ring, HiddenKeys);
        try
        {
            if (await AgentIdentity.FindOtherOwnerAsync(journal, identity.Holder, identity.Name) is { } other)
            {
                throw new AgentStartException($"{path} belongs to store {other}, but identity.json to store {identity.Holder}. Put the matching identity.json back, or enrol in a new folder.", AgentStartException.BadOptions);
            }

            var loop = new AgentLoop(journal, () => SealedJournal.Reopen(Open(), ring, HiddenKeys),
                (opened, lost) => new AgentEngine(opened, identity.Holder, identity.Name, options.AroundGuard(guard), lostConnection: lost), TimeProvider.System, log);
            loop.Start();
            return loop;
        }
        catch
        {
            await journal.DisposeAsync();
            throw;
        }
    }
}
