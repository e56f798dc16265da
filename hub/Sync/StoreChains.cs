using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Stores;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Hub.Sync;

/// <summary>The op chains of one store: one for each life, and branches where two histories were written under one life's numbers.</summary>
/// <remarks>Not thread-safe; its link locks. Rebuilt from the journal when a life is first asked for.</remarks>
internal sealed class StoreChains(StoreId store, HubParts parts)
{
    private const int Page = 1000;
    private readonly SortedDictionary<Incarnation, FactsIntake> _lives = [];
    private readonly SortedDictionary<Incarnation, StoreSession> _byNumber = [];

    /// <summary>The chains of a life that this hub knows.</summary>
    public FactsIntake Of(Incarnation life)
    {
        if (_lives.TryGetValue(life, out var intake))
        {
            return intake;
        }

        var known = parts.Stores.Find(store)!.Lives;
        intake = new FactsIntake(Open(life), known.Find(life) is not { Status: LifeStatus.Living }, HashAt, (after, hash) => Fork(life, after, hash));
        foreach (var branch in known.BranchesOf(life))
        {
            intake.Remember(Open(branch.Number));
        }

        _lives.Add(life, intake);
        return intake;
    }

    /// <summary>The chain of a life or branch that was opened, or null.</summary>
    public StoreSession? Find(Incarnation number) => _byNumber.GetValueOrDefault(number);

    /// <summary>Whether the newest op of a life's own chain says that nothing is missing, and nothing is.</summary>
    public bool IsComplete(Incarnation life)
    {
        var intake = Of(life);
        if (intake.Branches.Count > 0 || intake.Main.CommittedSequence != intake.Main.ReceivedSequence || intake.Main.CommittedSequence == 0)
        {
            return false;
        }

        var newest = parts.Journal.ReadFacts(ProducerOf(life), intake.Main.CommittedSequence, 1, int.MaxValue);
        return newest.Count == 1 && newest[0].Sequence == intake.Main.CommittedSequence && IsClosing(newest[0].Bytes);
    }

    private static bool IsClosing(byte[] bytes)
    {
        try
        {
            return OpCodec.Decode(bytes).Type == Core.Ops.OpType.CloseIncarnation;
        }
        catch (Exception fault) when (fault is Google.Protobuf.InvalidProtocolBufferException or InvalidDataException)
        {
            return false; // bytes that are no op were kept as a fact
        }
    }

    // The cursor may lag behind the ops that are on the disk; those are remembered, so that nothing is applied twice after a restart.
    private StoreSession Open(Incarnation number)
    {
        var producer = ProducerOf(number);
        var cursor = parts.Journal.ReadCursor(StoreRegistry.CommittedCursor, producer);
        var session = new StoreSession(new Holder(store, number), cursor?.Sequence ?? 0, OpHash.FromBytes(cursor?.Hash ?? []));
        var next = session.CommittedSequence + 1;
        for (var facts = parts.Journal.ReadFacts(producer, next, Page, 4 << 20); facts.Count > 0; facts = parts.Journal.ReadFacts(producer, next, Page, 4 << 20))
        {
            foreach (var fact in facts)
            {
                session.RememberApplied(fact.Sequence, OpHash.FromBytes(fact.Hash), fact.Bytes);
            }

            next = facts[^1].Sequence + 1;
        }

        _byNumber[number] = session;
        return session;
    }

    private OpHash? HashAt(StoreSession chain, long sequence)
    {
        var facts = parts.Journal.ReadFacts(ProducerOf(chain.Holder.Incarnation), sequence, 1, int.MaxValue);
        return facts.Count == 1 && facts[0].Sequence == sequence ? OpHash.FromBytes(facts[0].Hash) : null;
    }

    // The cursor of the new branch says where it starts; it is written no later than its first fact.
    private StoreSession Fork(Incarnation life, long after, OpHash hash)
    {
        var branch = default(Incarnation);
        parts.Stores.Update(store, known =>
        {
            var (lives, number) = known.Lives.Fork(parts.Stores.FirstLife, life);
            branch = number;
            return known with { Lives = lives };
        });
        var session = new StoreSession(new Holder(store, branch), after, hash);
        parts.Stores.MoveCursor(session.Holder, after, hash);
        _byNumber[branch] = session;
        return session;
    }

    private ProducerId ProducerOf(Incarnation number) => new(store.Value, number.Value);
}
