using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Stores;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>Stops a hub that would book an op of which its member has the effect already, from another chain of the same life.</summary>
/// <remarks>
/// Which chain an op goes into a link decides by what it read when the life was first asked for. Another hub over the same journal may have put the op
/// elsewhere since, from a receipt or from the log of a copy. Of two chains neither fact contradicts the other, and only money has a sum that does. But the op that
/// was booked stands in its member's stream, and no decision on that is written that was made without it: so whoever decides knows, or is refused by the version.
/// A hub alone never finds anything here, because its links know what they took in. Stateless; owned by a partition.
/// </remarks>
internal sealed class OtherChains(IJournal journal, StoreRegistry stores)
{
    /// <summary>Looks at the chains of an op's store from which its member has ops; for an ordinary op there is only its own.</summary>
    /// <exception cref="JournalConflictException">The op is in one of them: another hub writes, and what this one holds in memory is old.</exception>
    public void ThrowIfApplied(MemberState state, OpArrived arrived, IncomingOp incoming)
    {
        var place = arrived.Place;
        foreach (var (chain, newest) in state.Applied)
        {
            if (chain.Store == place.Holder.Store && chain != place.Holder && newest >= place.Sequence && MayHave(chain, arrived.Op.Id.Holder) && HashAt(chain, place.Sequence) == incoming.Hash)
            {
                throw new JournalConflictException($"Op {arrived.Op.Id} is in chain {chain.Incarnation} of store {chain.Store} already, which this hub did not know: another hub over the same journal put it there. Read the store's chains again.");
            }
        }
    }

    // Another life's ops are others, but this hub may not have heard of a branch.
    private bool MayHave(Holder chain, Holder life) =>
        !Switches.IsOff(Mechanism.MembersKnowChains) && (chain == life || stores.Find(chain.Store)?.Lives.Find(chain.Incarnation) is null or { Status: LifeStatus.Branch });

    private OpHash? HashAt(Holder chain, long sequence)
    {
        var facts = journal.ReadFacts(new ProducerId(chain.Store.Value, chain.Incarnation.Value), sequence, 1, int.MaxValue);
        return facts.Count == 1 && facts[0].Sequence == sequence ? OpHash.FromBytes(facts[0].Hash) : null;
    }
}
