using System.Buffers.Binary;
using System.Text;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>What the agent remembers beside members and ops: rules, store names, cursors, token, and why it is locked.</summary>
/// <remarks>Owned by the engine; not thread-safe.</remarks>
internal sealed class AgentMemory(Workspace work)
{
    private const string Collection = "meta";
    private static readonly byte[] TokenKey = "token"u8.ToArray();
    private static readonly byte[] CommittedKey = "committed"u8.ToArray();
    private static readonly byte[] ClockKey = "clock"u8.ToArray();
    private static readonly byte[] FeedKey = "feed"u8.ToArray();
    private static readonly byte[] PolicyKey = "policy"u8.ToArray();
    private static readonly byte[] LockedKey = "locked"u8.ToArray();
    private const string DeadLogsOf = "dead";
    private static readonly byte[] TermKey = "term"u8.ToArray();
    private static readonly byte[] WishKey = "wish"u8.ToArray();
    private static readonly byte[] ClosedKey = "closed"u8.ToArray();

    private static readonly byte[] FollowsKey = "follows"u8.ToArray();

    private string? _rulesJson;

    /// <summary>Reads rules as the hub writes them; empty for the preset that everybody knows.</summary>
    public Func<string, Ruleset> ReadRules { get; set; } = static json => json.Length == 0 ? RulesetJson.Preset("youzan") : RulesetJson.Parse(json);

    public long Token { get; private set; }

    public long CommittedSequence { get; private set; }

    public long FeedPosition { get; private set; }

    /// <summary>The store's hybrid clock: at or after every stamp that it made or saw.</summary>
    public Hlc Clock { get; private set; }

    public string LockReason { get; private set; } = "";

    /// <summary>The wish for a new life that goes with the lock; none before the first Hello after it.</summary>
    public LifeKey Wish { get; private set; }

    /// <summary>The life of the hub's database that this store last met; 0 = none.</summary>
    public long HubTerm { get; private set; }

    /// <summary>Logs of earlier lives, oldest first.</summary>
    public SortedDictionary<Incarnation, DeadLog> DeadLogs { get; } = [];

    /// <summary>The newest day close: refund rights from before it are the hub's (protocol.md 1.12).</summary>
    public long ClosedUpTo { get; private set; }

    /// <summary>Behind which replica the log of this life has to say that it is followed; null where there is nothing to say.</summary>
    public byte[]? FollowsToSay { get; private set; }

    public int PolicyVersion { get; private set; }

    public TillMachine Machine { get; private set; } = new(new Ruleset());

    /// <summary>How long this store may let members spend without hearing its hub, milliseconds; 0 for no limit.</summary>
    public long LeaseMs { get; private set; }

    /// <summary>Members to whom nothing is advanced.</summary>
    public IReadOnlySet<MemberId> FloorDenied { get; private set; } = new HashSet<MemberId>();

    /// <summary>Who may sign in at this store's tills, by name in lower case.</summary>
    public IReadOnlyDictionary<string, V1.CashierEntry> Cashiers { get; private set; } = new Dictionary<string, V1.CashierEntry>();

    public IReadOnlyDictionary<int, string> StoreNames { get; private set; } = new Dictionary<int, string>();

    public void Load()
    {
        Token = ReadNumber(TokenKey);
        CommittedSequence = ReadNumber(CommittedKey);
        FeedPosition = ReadNumber(FeedKey);
        ClosedUpTo = ReadNumber(ClosedKey);
        Clock = work.Read(Collection, ClockKey) is { } clock ? PersonalCodec.ToCore(V1.Hlc.Parser.ParseFrom(clock)) : default;
        LockReason = work.Read(Collection, LockedKey) is { } reason ? Encoding.UTF8.GetString(reason) : "";
        Wish = LifeKey.FromBytes(work.Read(Collection, WishKey) ?? []);
        HubTerm = ReadNumber(TermKey);
        FollowsToSay = work.Read(Collection, FollowsKey) is { Length: > 0 } follows ? follows[1..] : null;
        LoadDeadLogs();
        if (work.Read(Collection, PolicyKey) is { } policy)
        {
            Use(V1.PolicyDelta.Parser.ParseFrom(policy));
        }
        else
        {
            // A store that never met its hub still sells, under a preset that everybody knows.
            Use(new V1.PolicyDelta());
        }
    }

    /// <summary>A connection was welcomed. A hub in another term was restored: what it had confirmed before counts no more.</summary>
    public void StartSession(long token, long term, long committedSequence)
    {
        Token = token;
        work.Write(Collection, TokenKey, Number(token));
        CommittedSequence = Switches.IsOff(Mechanism.ResendFromHubWatermark) ? Math.Max(CommittedSequence, committedSequence) : committedSequence;
        work.WriteLazily(Collection, CommittedKey, Number(CommittedSequence));
        if (term == HubTerm)
        {
            return;
        }

        HubTerm = term;
        work.Write(Collection, TermKey, Number(term));
        FeedPosition = 0;
        work.Write(Collection, FeedKey, Number(0));
        foreach (var log in DeadLogs.Values.ToArray())
        {
            Put(log with { Acknowledged = 0 });
        }
    }

    /// <summary>The hub has facts of an earlier life up to here.</summary>
    public void SetFactsAcknowledged(Incarnation life, long sequence)
    {
        if (DeadLogs.TryGetValue(life, out var log) && sequence > log.Acknowledged)
        {
            Put(log with { Acknowledged = Math.Min(sequence, log.TipSequence) });
        }
    }

    /// <summary>The present life is over; the next one begins with nothing locked, no token and no watermark.</summary>
    public void BeginLife(DeadLog ended)
    {
        SetClosed(0); // the day closes of the old log say nothing of the new one
        if (!Switches.IsOff(Mechanism.NewLivesSayWhoTheyFollow))
        {
            SetFollowsToSay([]); // the old log may have unfollowed members of whom this older database has a replica
        }

        Put(ended);
        SetLocked("", default);
        Token = 0;
        work.Write(Collection, TokenKey, Number(0));
        CommittedSequence = 0;
        work.Write(Collection, CommittedKey, Number(0));
    }

    public void SetClock(Hlc stamp)
    {
        Clock = Hlc.Max(Clock, stamp);
        work.Write(Collection, ClockKey, Google.Protobuf.MessageExtensions.ToByteArray(PersonalCodec.ToWire(Clock) ?? new V1.Hlc()));
    }

    /// <summary>The hub showed a stamp; worth remembering, not worth an fsync.</summary>
    public void Observe(Hlc stamp)
    {
        if (stamp.CompareTo(Clock) > 0)
        {
            Clock = stamp;
            work.WriteLazily(Collection, ClockKey, Google.Protobuf.MessageExtensions.ToByteArray(PersonalCodec.ToWire(Clock)!));
        }
    }

    public void SetCommitted(long sequence)
    {
        CommittedSequence = Math.Max(CommittedSequence, sequence);
        work.WriteLazily(Collection, CommittedKey, Number(CommittedSequence));
    }

    public void SetFeed(long position)
    {
        FeedPosition = Math.Max(FeedPosition, position);
        work.WriteLazily(Collection, FeedKey, Number(FeedPosition));
    }

    public void SetClosed(long sequence)
    {
        ClosedUpTo = sequence;
        work.Write(Collection, ClosedKey, Number(sequence));
    }

    public void SetFollowsToSay(byte[]? after)
    {
        FollowsToSay = after;
        work.Write(Collection, FollowsKey, after is null ? null : [1, .. after]);
    }

    /// <summary>Locks with a reason, or unlocks with none.</summary>
    public void SetLocked(string reason, LifeKey wish)
    {
        LockReason = reason;
        Wish = wish;
        work.Write(Collection, LockedKey, reason.Length == 0 ? null : Encoding.UTF8.GetBytes(reason));
        work.Write(Collection, WishKey, wish.IsNone ? null : wish.ToBytes());
    }

    /// <summary>Locks in memory only, for a reason that the next start finds again by itself.</summary>
    public void LockUntilWritten(string reason) => LockReason = reason;

    /// <exception cref="RulesetException">The rules make no sense; the old ones stay.</exception>
    public void SetPolicy(V1.PolicyDelta policy)
    {
        Use(policy);
        var bytes = Google.Protobuf.MessageExtensions.ToByteArray(policy);
        if (work.Read(Collection, PolicyKey) is not { } known || !known.AsSpan().SequenceEqual(bytes))
        {
            work.Write(Collection, PolicyKey, bytes); // what is written already is not worth an fsync
        }
    }

    // The hub says the policy with each connection; rules that did not change are not read again.
    private void Use(V1.PolicyDelta policy)
    {
        if (_rulesJson != policy.RulesetJson)
        {
            Machine = new TillMachine(ReadRules(policy.RulesetJson));
            _rulesJson = policy.RulesetJson;
        }

        PolicyVersion = policy.Version;
        LeaseMs = policy.LeaseMs;
        FloorDenied = policy.FloorDenied.Where(member => member.Length == 16).Select(member => MemberId.FromBytes(member.Span)).ToHashSet();
        Cashiers = policy.Cashiers.GroupBy(cashier => cashier.Name.ToLowerInvariant(), StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last(), StringComparer.Ordinal);
        StoreNames = policy.Stores.GroupBy(store => store.Store).ToDictionary(group => group.Key, group => group.Last().Name);
    }

    private void LoadDeadLogs()
    {
        DeadLogs.Clear();
        foreach (var document in work.Journal.ReadDocuments(DeadLogsOf, [], [], int.MaxValue))
        {
            var life = new Incarnation(BinaryPrimitives.ReadInt64BigEndian(document.Key));
            var wire = V1.DeadLogState.Parser.ParseFrom(document.Value);
            DeadLogs[life] = new DeadLog(life, wire.TipSequence, OpHash.FromBytes(wire.TipHash.Span), wire.Acknowledged);
        }
    }

    private void Put(DeadLog log)
    {
        DeadLogs[log.Life] = log;
        var wire = new V1.DeadLogState { TipSequence = log.TipSequence, TipHash = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(log.TipHash.ToBytes()), Acknowledged = log.Acknowledged };
        work.Write(DeadLogsOf, Number(log.Life.Value), Google.Protobuf.MessageExtensions.ToByteArray(wire));
    }

    private long ReadNumber(byte[] key) => work.Read(Collection, key) is { Length: 8 } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;

    private static byte[] Number(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }
}
