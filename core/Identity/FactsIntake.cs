using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;

namespace SyncHub.Core.Identity;

/// <summary>A fact of a dead life that was new, with the chain that it went into.</summary>
public readonly record struct TakenFact(StoreSession Chain, IncomingOp Op);

/// <summary>Takes in the log of a dead life, or of a machine in quarantine. Two histories may have been written under one life's numbers: each op lands in exactly one chain.</summary>
/// <remarks>
/// The life's own chain goes on where the log continues it; what differs from it goes into a branch of its own, so that nothing that
/// happened is lost and nothing is taken twice (failures 9 to 11 of protocol.md). Sans I/O; thread rule: one caller at a time.
/// </remarks>
/// <param name="main">The life's own chain.</param>
/// <param name="mayExtend">Whether the life is over: the chain of a living one grows only through its own stream.</param>
/// <param name="stored">The hash of an op of a chain below its watermark, read from the journal; null where it is not there.</param>
/// <param name="fork">Starts a branch that continues after a sequence and hash.</param>
public sealed class FactsIntake(StoreSession main, bool mayExtend, Func<StoreSession, long, OpHash?> stored, Func<long, OpHash, StoreSession> fork)
{
    private readonly List<StoreSession> _branches = [];

    /// <summary>The life's own chain.</summary>
    public StoreSession Main { get; } = main;

    /// <summary>The branches, oldest first.</summary>
    public IReadOnlyList<StoreSession> Branches => _branches;

    /// <summary>Whether the life's own chain may grow through facts; from its end on.</summary>
    public bool MayExtend { get; set; } = mayExtend;

    /// <summary>Adds a branch that was known before.</summary>
    public void Remember(StoreSession branch) => _branches.Add(branch);

    /// <summary>Takes a run of the log.</summary>
    /// <returns>The new facts, in order, with their chains; and for every op of the run the chain and number where it is, new or not.</returns>
    public (IReadOnlyList<TakenFact> New, IReadOnlyList<(StoreSession Chain, long Sequence)> Places) Take(long firstSequence, OpHash previousHash, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) =>
        Take(firstSequence, previousHash, envelopes, OpHash.Chain(previousHash, envelopes));

    /// <summary>Takes a run of the log whose hashes are known.</summary>
    /// <returns>As the other one.</returns>
    public (IReadOnlyList<TakenFact> New, IReadOnlyList<(StoreSession Chain, long Sequence)> Places) Take(long firstSequence, OpHash previousHash, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, OpHash[] hashes)
    {
        var taken = new List<TakenFact>();
        var places = new List<(StoreSession, long)>(envelopes.Count);
        var before = previousHash;
        for (var i = 0; i < envelopes.Count; i++)
        {
            var sequence = firstSequence + i;
            var hash = hashes[i];
            if (FindChain(sequence, hash) is { } known)
            {
                places.Add((known, sequence));
            }
            else
            {
                var fact = Extend(sequence, before, hash, envelopes[i], chain => LeadsOn(chain, firstSequence, hashes));
                if (fact.Chain is null)
                {
                    continue; // only where branches are switched off
                }

                taken.Add(fact);
                places.Add((fact.Chain, sequence));
            }

            before = hash;
        }

        return (taken, places);
    }

    /// <summary>The branch that has an op of the life's own stream already: a copy of the machine had shown it first.</summary>
    public StoreSession? FindInBranches(long sequence, OpHash hash)
    {
        foreach (var branch in _branches)
        {
            if (!Switches.IsOff(Mechanism.BranchDedupe) && HashAt(branch, sequence) == hash)
            {
                return branch;
            }
        }

        return null;
    }

    private StoreSession? FindChain(long sequence, OpHash hash)
    {
        if (HashAt(Main, sequence) == hash)
        {
            return Main;
        }

        return FindInBranches(sequence, hash);
    }

    // Above the watermark the session itself knows what there is: nothing is read for an op that is new. A branch's watermark may be where it starts:
    // that op is another chain's, or is nowhere yet.
    private OpHash? HashAt(StoreSession chain, long sequence) => sequence == chain.CommittedSequence && chain != Main ? stored(chain, sequence)
        : chain.KnownHash(sequence) ?? (sequence < chain.CommittedSequence ? stored(chain, sequence) : null);

    // A crash of the hub can leave an op beyond a gap: only the log that has that very op may fill the gap, or two histories would share a chain.
    private static bool LeadsOn(StoreSession chain, long first, OpHash[] run) =>
        chain.BeyondGap is not { } beyond || (beyond.Sequence >= first && beyond.Sequence < first + run.Length && run[beyond.Sequence - first] == beyond.Hash);

    private TakenFact Extend(long sequence, OpHash before, OpHash hash, ReadOnlyMemory<byte> envelope, Func<StoreSession, bool> leadsOn)
    {
        if (MayExtend && leadsOn(Main) && Main.TryExtend(sequence, before, hash, envelope) is { } next)
        {
            return new TakenFact(Main, next);
        }

        foreach (var branch in _branches)
        {
            if (leadsOn(branch) && branch.TryExtend(sequence, before, hash, envelope) is { } more)
            {
                return new TakenFact(branch, more);
            }
        }

        if (Switches.IsOff(Mechanism.Branches))
        {
            return default;
        }

        var made = fork(sequence - 1, before);
        _branches.Add(made);
        return new TakenFact(made, made.TryExtend(sequence, before, hash, envelope) ?? throw new InvalidOperationException($"A new branch of {Main.Holder} does not take op {sequence}."));
    }
}
