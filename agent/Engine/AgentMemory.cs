using System.Buffers.Binary;
using System.Text;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Storage;

namespace SyncHub.Agent.Engine;

/// <summary>What the agent remembers beside members and ops: rules, store names, cursors, token, and why it is locked.</summary>
/// <remarks>Owned by the engine; not thread-safe.</remarks>
internal sealed class AgentMemory(Workspace work)
{
    private const string Collection = "meta";
    private static readonly byte[] TokenKey = "token"u8.ToArray();
    private static readonly byte[] CommittedKey = "committed"u8.ToArray();
    private static readonly byte[] FeedKey = "feed"u8.ToArray();
    private static readonly byte[] PolicyKey = "policy"u8.ToArray();
    private static readonly byte[] LockedKey = "locked"u8.ToArray();
    private static readonly byte[] IdentityKey = "identity"u8.ToArray();

    public long Token { get; private set; }

    public long CommittedSequence { get; private set; }

    public long FeedPosition { get; private set; }

    public string LockReason { get; private set; } = "";

    public int PolicyVersion { get; private set; }

    public TillMachine Machine { get; private set; } = new(new Ruleset());

    public IReadOnlyDictionary<int, string> StoreNames { get; private set; } = new Dictionary<int, string>();

    public void Load()
    {
        Token = ReadNumber(TokenKey);
        CommittedSequence = ReadNumber(CommittedKey);
        FeedPosition = ReadNumber(FeedKey);
        LockReason = work.Read(Collection, LockedKey) is { } reason ? Encoding.UTF8.GetString(reason) : "";
        if (work.Read(Collection, PolicyKey) is { } policy)
        {
            Use(V1.PolicyDelta.Parser.ParseFrom(policy));
        }
        else
        {
            // A store that never met its hub still sells, under a preset that everybody knows.
            Use(new V1.PolicyDelta(), RulesetJson.Preset("youzan"));
        }
    }

    public void SetToken(long token)
    {
        Token = token;
        work.Write(Collection, TokenKey, Number(token));
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

    public void SetLocked(string reason)
    {
        LockReason = reason;
        work.Write(Collection, LockedKey, Encoding.UTF8.GetBytes(reason));
    }

    /// <exception cref="RulesetException">The rules make no sense; the old ones stay.</exception>
    public void SetPolicy(V1.PolicyDelta policy)
    {
        Use(policy);
        work.Write(Collection, PolicyKey, Google.Protobuf.MessageExtensions.ToByteArray(policy));
    }

    /// <summary>Ties a new journal to its holder, or says whose it is where that is somebody else.</summary>
    public static async Task<Holder?> FindOtherOwnerAsync(IJournal journal, Holder holder, string storeName)
    {
        if (journal.ReadDocument(Collection, IdentityKey) is { } bytes)
        {
            var owner = V1.AgentIdentity.Parser.ParseFrom(bytes);
            var written = new Holder(new StoreId(owner.Store), new Incarnation(owner.Incarnation));
            return written == holder ? null : written;
        }

        var batch = new JournalBatch();
        var identity = new V1.AgentIdentity { Store = holder.Store.Value, Incarnation = holder.Incarnation.Value, Name = storeName };
        batch.Documents.Add(new DocumentWrite(Collection, IdentityKey, Google.Protobuf.MessageExtensions.ToByteArray(identity)));
        await journal.CommitAsync(batch);
        return null;
    }

    private void Use(V1.PolicyDelta policy) =>
        Use(policy, policy.RulesetJson.Length == 0 ? RulesetJson.Preset("youzan") : RulesetJson.Parse(policy.RulesetJson));

    private void Use(V1.PolicyDelta policy, Ruleset rules)
    {
        Machine = new TillMachine(rules);
        PolicyVersion = policy.Version;
        StoreNames = policy.Stores.GroupBy(store => store.Store).ToDictionary(group => group.Key, group => group.Last().Name);
    }

    private long ReadNumber(byte[] key) => work.Read(Collection, key) is { Length: 8 } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;

    private static byte[] Number(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }
}
