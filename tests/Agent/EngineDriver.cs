using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Agent.Tests;

/// <summary>One store's engine over a simulated disk, driven turn by turn; no thread, clock or socket.</summary>
internal sealed class EngineDriver
{
    public const int Store = 7;
    public static readonly Holder Holder = new(new StoreId(Store), Incarnation.Of(1, 1));

    private byte _entropy;

    private readonly int _cacheSize;

    public EngineDriver(int cacheSize = AgentEngine.DefaultCacheSize)
    {
        _cacheSize = cacheSize;
        Engine = Open();
    }

    public SimulatedJournal Journal { get; private set; } = new(autoFlush: true);

    public MemoryGuard Guard { get; } = new();

    public AgentEngine Engine { get; private set; }

    public long NowMs { get; set; } = 1_700_000_000_000;

    public bool IsOnline { get; set; }

    /// <summary>The second person whose PIN tills' calls carry; empty: nobody.</summary>
    public string Approver { get; init; } = "";

    /// <summary>One turn: decide, commit, hand out.</summary>
    public IReadOnlyList<EngineReply> Turn(params AgentCommand[] commands)
    {
        try
        {
            var batch = Engine.Decide(commands);
            if (!batch.IsEmpty)
            {
                var commit = Journal.CommitAsync(batch);
                Assert.True(commit.IsCompleted);
                commit.GetAwaiter().GetResult();
            }
        }
        catch (JournalException fault)
        {
            return Engine.Failed(fault);
        }

        return Engine.Committed();
    }

    public TillCall Call(IMessage request) => new(NowMs, request, IsOnline) { Entropy = Enumerable.Repeat(++_entropy, 10).ToArray(), Approver = Approver };

    public EngineReply Reply(IMessage request) => Turn(Call(request))[0];

    public T Ask<T>(IMessage request)
        where T : IMessage => (T)Reply(request).Answer!;

    public V1.OpAnswer Pay(IMessage request) => Ask<V1.OpAnswer>(request);

    public string Register(string phone = "13800000001", string request = "register-1") =>
        Ask<V1.IdentifyAnswer>(new V1.RegisterRequest { RequestId = request, Name = "Li Lei", Phone = phone }).Member.MemberId;

    public V1.OpAnswer TopUp(string member, long amount, string request = "top-up-1") =>
        Pay(new V1.TopUpRequest { RequestId = request, MemberId = member, AmountMinor = amount });

    public V1.OpAnswer Sell(string member, long bill, string request = "sale-1") =>
        Pay(new V1.SaleRequest { RequestId = request, MemberId = member, BillMinor = bill });

    public V1.Available Balance(string member) =>
        Ask<V1.IdentifyAnswer>(new V1.BalanceRequest { Key = new V1.MemberKey { MemberId = member } }).Member.Available;

    public V1.StatusAnswer Status() => Ask<V1.StatusAnswer>(new V1.StatusRequest());

    /// <summary>The process dies; the next one finds what was flushed.</summary>
    public void Crash()
    {
        Journal = Journal.Crash();
        Engine = Open();
    }

    public static ByteString Bytes(string member) => ByteString.CopyFrom(Id(member).ToBytes());

    public static MemberId Id(string member) => MemberId.TryParse(member, out var id) ? id : throw new ArgumentException($"'{member}' is no member id.", nameof(member));

    public static V1.Bucket Principal => new() { Kind = V1.BucketKind.Principal };

    private AgentEngine Open()
    {
        var engine = new AgentEngine(Journal, Holder, "Test Street", Guard, _cacheSize);
        engine.Load();
        return engine;
    }
}
