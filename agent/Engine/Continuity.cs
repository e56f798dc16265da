using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Agent.Engine;

/// <summary>Tells whether a database continues what its machine remembers of it (protocol.md 1.4).</summary>
internal static class Continuity
{
    /// <summary>Why the database cannot be trusted to know all that it did; empty where it can.</summary>
    public static string FindAmnesia(GuardRecord? guard, Workspace work, AgentMemory memory)
    {
        if (Switches.IsOff(Mechanism.Guard) || Switches.IsOff(Mechanism.FullSync))
        {
            return "";
        }

        if (guard is null)
        {
            return work.TipSequence == 0 && memory.DeadLogs.Count == 0 ? ""
                : "The guard of this database is missing: it may be a copy that was put on another machine, or an older one.";
        }

        if (guard.Incarnation == work.Holder.Incarnation)
        {
            return Compare(guard, work.Holder, work.TipSequence, work.Journal);
        }

        // The database began a new life and the machine died before it could write that down: the guard lags, which it may.
        if (memory.DeadLogs.TryGetValue(guard.Incarnation, out var dead))
        {
            return Compare(guard, new Holder(work.Holder.Store, guard.Incarnation), dead.TipSequence, work.Journal);
        }

        return $"This database is in life {work.Holder.Incarnation}, but its machine has seen life {guard.Incarnation} of it: it is an older copy.";
    }

    private static string Compare(GuardRecord guard, Holder life, long tip, IJournal journal)
    {
        if (guard.TipSequence > tip)
        {
            return $"This database ends at op {tip}, but its machine has seen op {guard.TipSequence} of it: it is an older copy.";
        }

        if (guard.TipSequence == 0)
        {
            return "";
        }

        var facts = journal.ReadFacts(new ProducerId(life.Store.Value, life.Incarnation.Value), guard.TipSequence, 1, int.MaxValue);
        return facts.Count == 1 && facts[0].Sequence == guard.TipSequence && OpHash.FromBytes(facts[0].Hash) == guard.TipHash ? ""
            : $"Op {guard.TipSequence} of this database is not the one that its machine has seen: another machine has written it.";
    }
}
