using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Hub.Stores;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Simulator;

/// <content>What stores sign, keep for others, and may do without their hub.</content>
internal sealed partial class Oracle
{
    private readonly List<(OpHash Hash, SimAgent Agent)> _keptAtTills = [];

    /// <summary>Lives that were over when a restored hub had heard their store out.</summary>
    private readonly HashSet<Holder> _heardOut = [];
    private readonly HashSet<StoreId> _reporting = [];

    /// <summary>Stores that were given up instead of being heard out, with the lives that the hub knew then.</summary>
    private readonly Dictionary<StoreId, HashSet<Incarnation>> _givenUp = [];

    /// <summary>A store's till took a receipt, and it is on that store's disk.</summary>
    public void OnKept(V1.OutOfBandOp receipt, SimAgent agent) => _keptAtTills.Add((ReceiptCodec.HashOf(receipt), agent));

    // protocol.md 1.7: past its lease a store that does not hear its hub lets nobody spend. What it knows from before its process began may be older; then it ends sooner.
    private static void CheckLease(SimAgent agent, Op op)
    {
        if (agent.HeardAtMs is { } heard && !agent.CallsOnline && agent.Elapsed(heard) > World.LeaseMs && agent.HasLease
            && op.Type is OpType.Sale or OpType.Redeem && op.Moves.Any(static move => move.Kind is MoveKind.Debit or MoveKind.Advance))
        {
            throw new Violation("L1", $"store {agent.Number} let a member spend by op {op.Id}, {agent.Elapsed(heard)} ms after it had heard its hub; its lease is {World.LeaseMs}");
        }
    }

    // protocol.md 1.17: what earlier lives held comes back when their store was heard out, because the restore may have forgotten that they were reclaimed.
    private void FollowReports()
    {
        foreach (var store in _hubForgot ? world.Hub.Stores.All() : [])
        {
            if (store.IsReconciling)
            {
                if (_reporting.Add(store.Id))
                {
                    _heardOut.RemoveWhere(life => life.Store == store.Id); // a hub that died with it hears the store out anew
                }
            }
            else if (_reporting.Remove(store.Id))
            {
                _heardOut.UnionWith(store.Lives.All.Where(life => life.Status == Core.Identity.LifeStatus.Dead && life.Number != store.Incarnation && WasKnown(store.Id, life)).Select(life => new Holder(store.Id, life.Number)));
            }
        }
    }

    // A life that the hub had forgotten, and hears of after it gave the store up, holds what its log brings until HQ gives up dead lives again. Another hub may have heard of it before this one showed that the store was given up.
    private bool WasKnown(StoreId store, Core.Identity.Life life) => !_givenUp.TryGetValue(store, out var known) || known.Contains(life.Number) || life.Release != Core.Identity.ReleaseKind.None;

    // I12 for money: such a life holds nothing any more, whether the hub says that it was given up or not.
    private void CheckHeardOut(MemberId member, Core.Members.MemberState state)
    {
        if (state.Buckets.SelectMany(static bucket => bucket.Lines).FirstOrDefault(line => line.Outstanding > 0 && _heardOut.Contains(line.Holder) && !state.Parked.ContainsKey(line.Holder)) is { } line)
        {
            throw new Violation("I12", $"life {line.Holder} was over when its store was heard out, and still holds {line.Outstanding} of {member}");
        }
    }

    // I11, the other way round: what the hub takes as a fact was logged by a store.
    private void CheckLogged(JournalBatch batch)
    {
        foreach (var fact in batch.Facts)
        {
            var hash = OpHash.FromBytes(fact.Hash.Span);
            if (!_truth.ContainsKey(hash) && !IsBack(hash))
            {
                throw new Violation("I11", $"the hub took op {fact.Sequence} of life {fact.Producer}, which no store has logged");
            }
        }
    }

    // Whatever a machine signed is here, unless two disks lost it: then its proof is left. Of a branch that the hub had only begun for a copy when it died, the same op may lie in the life's own chain.
    private void CheckSigned(HashSet<OpHash> applied)
    {
        foreach (var document in world.Hub.Journal.ReadDocuments(SignedHeads.Documents, [], [], int.MaxValue))
        {
            var head = V1.SignedHead.Parser.ParseFrom(document.Value);
            if (!_mayLose && !applied.Contains(OpHash.FromBytes(head.Hash.Span)))
            {
                throw new Violation("I13", $"op {head.Sequence} of life {new Incarnation(head.Incarnation)} was signed, and is not at the hub");
            }
        }
    }
}
