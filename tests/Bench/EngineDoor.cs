using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using SyncHub.V1;

namespace SyncHub.Bench;

/// <summary>A store's engine in this process, over its own sealed file and guard: what a sale costs without the way from the till to it.</summary>
internal sealed class EngineDoor : IAsyncDisposable
{
    private const int EntropyBytes = 10;
    private readonly AgentLoop _loop;
    private readonly GuardFile _guard;

    private EngineDoor(AgentLoop loop, GuardFile guard) => (_loop, _guard) = (loop, guard);

    /// <summary>Opens one in an empty folder.</summary>
    public static async Task<EngineDoor> OpenAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "agent.db");
        var guard = GuardFile.Open(Path.Combine(folder, "agent.guard"));
        var ring = KeyRing.OpenOrCreate(path + KeyRing.Extension);
        SqliteJournal Open() => SqliteJournal.Open(path, AgentOptions.Journal);
        var hidden = new HashSet<string> { "phone", "card" };
        var holder = new Holder(new StoreId(1), Incarnation.Of(1, 1));
        var loop = new AgentLoop(await SealedJournal.OpenAsync(Open(), ring, hidden), () => SealedJournal.Reopen(Open(), ring, hidden),
            (journal, lost) => new AgentEngine(journal, holder, "Bench Street", guard, lostConnection: lost), TimeProvider.System, NullLogger.Instance);
        loop.Start();
        return new EngineDoor(loop, guard);
    }

    /// <summary>Registers members and tops each up.</summary>
    /// <returns>Their ids.</returns>
    public async Task<string[]> LoadAsync(int members)
    {
        var ids = new string[members];
        for (var i = 0; i < members; i++)
        {
            var number = i.ToString(CultureInfo.InvariantCulture);
            ids[i] = ((IdentifyAnswer)await AskAsync(new RegisterRequest { RequestId = "register-" + number, Name = "Member " + number, Terminal = "t1", Operator = "o1" })).Member.MemberId;
            await AskAsync(new TopUpRequest { RequestId = "top-up-" + number, MemberId = ids[i], AmountMinor = MemberLoad.TopUpMinor, Terminal = "t1", Operator = "o1" });
        }

        return ids;
    }

    /// <summary>One sale that must be approved.</summary>
    public async Task SellAsync(string member, string requestId)
    {
        var answer = (OpAnswer)await AskAsync(TillSales.Request(member, requestId));
        _ = answer.Receipt ?? throw new InvalidOperationException($"A sale was refused: {answer.Rejection}");
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        _guard.Dispose();
    }

    private async Task<IMessage> AskAsync(IMessage request) =>
        (await _loop.AskHereAsync(new TillCall(_loop.NowMs, request, IsOnline: false) { ElapsedMs = _loop.ElapsedMs, Entropy = RandomNumberGenerator.GetBytes(EntropyBytes) })).Answer
            ?? throw new InvalidOperationException("The engine has no answer.");
}
