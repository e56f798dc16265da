using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Protocol;

/// <summary>What an agent says first on a new connection.</summary>
/// <param name="Holder">Store and life.</param>
/// <param name="Nonce">Names the connection.</param>
/// <param name="Token">The newest continuity token that it has.</param>
/// <param name="TipSequence">The end of its log.</param>
/// <param name="TipHash">The hash there.</param>
/// <param name="FeedPosition">How far it is in the hub's member changes.</param>
/// <param name="IsLocked">Whether it locked itself, because it may have forgotten something.</param>
public sealed record Hello(Holder Holder, ReadOnlyMemory<byte> Nonce, long Token, long TipSequence, OpHash TipHash, long FeedPosition, bool IsLocked)
{
    /// <summary>The machine.</summary>
    public LifeKey Device { get; init; }

    /// <summary>A locked agent's wish for a new life; the same one until it is answered.</summary>
    public LifeKey Wish { get; init; }

    /// <summary>The life of the hub's database that it last met; 0 for none, or where it does not say so.</summary>
    public long HubTerm { get; init; }
}

/// <summary>An op of a batch that passed the checks, with the chain around it.</summary>
public readonly record struct IncomingOp(long Sequence, OpHash PreviousHash, OpHash Hash, ReadOnlyMemory<byte> Bytes);

/// <summary>What came of a batch: the ops to hand on, and why the rest was not taken.</summary>
/// <param name="Ops">New ops, in order.</param>
/// <param name="Fault">Null, or why the connection must be closed: a gap or a fork.</param>
/// <param name="IsFork">Whether two histories were written: the life is over.</param>
public readonly record struct BatchVerdict(IReadOnlyList<IncomingOp> Ops, string? Fault, bool IsFork = false);

/// <summary>The hub's end of one store's op stream: contiguity, the hash chain, exactly-once hand-over and the committed watermark.</summary>
/// <remarks>
/// Sans I/O. One object lives as long as its holder is known, over many connections, because ops of an older connection may still
/// be on their way to the disk. Thread rule: one caller at a time. Crash rule: rebuilt from the durable cursor; the agent then
/// sends again what was above it, and what had been applied already is recognised by <see cref="RememberApplied"/>.
/// </remarks>
public sealed class StoreSession(Holder holder, long committedSequence, OpHash committedHash)
{
    // Above the watermark: hash by sequence, whether it is durable yet, and the bytes of what a crash left durable beyond a gap.
    private readonly SortedDictionary<long, (OpHash Hash, bool Durable, ReadOnlyMemory<byte> Bytes)> _above = [];

    /// <summary>Whose stream.</summary>
    public Holder Holder { get; } = holder;

    /// <summary>I13: all ops up to here are durable and applied.</summary>
    public long CommittedSequence { get; private set; } = committedSequence;

    /// <summary>The hash at the watermark.</summary>
    public OpHash CommittedHash { get; private set; } = committedHash;

    /// <summary>The newest op that was taken in, durable or not.</summary>
    public long ReceivedSequence { get; private set; } = committedSequence;

    /// <summary>The hash of that op.</summary>
    public OpHash ReceivedHash { get; private set; } = committedHash;

    /// <summary>Ops handed on and not durable yet.</summary>
    public int InFlight => _above.Count(op => !op.Value.Durable);

    /// <summary>Tells, after a restart, of an op above the cursor that is durable already. In rising order.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="hash">The hash there.</param>
    /// <param name="bytes">The op, so that what fills a gap before it can be checked against it.</param>
    public void RememberApplied(long sequence, OpHash hash, ReadOnlyMemory<byte> bytes = default)
    {
        if (sequence <= CommittedSequence)
        {
            return;
        }

        _above[sequence] = (hash, true, bytes);
        Advance();
    }

    /// <summary>Step 1: why a database that ends at a place cannot be the one that wrote what the hub has; null where it can.</summary>
    public string? FindAmnesia(long tipSequence, OpHash tipHash)
    {
        // What was taken in or remembered above the watermark came from this database too: one that ends below it has lost it.
        var newest = _above.Count == 0 ? CommittedSequence : _above.Keys.Last();
        if (tipSequence < newest)
        {
            return $"The hub has op {newest} of store {Holder.Store}; this database ends at {tipSequence}. It is an older copy and must not spend.";
        }

        return !Switches.IsOff(Mechanism.HashChain) && tipSequence == newest && tipHash != (KnownHash(newest) ?? OpHash.Genesis)
            ? $"Op {newest} of store {Holder.Store} has another hash at the hub. Two databases have written under one identity."
            : null;
    }

    /// <summary>Step 2: takes a batch. What was taken before is passed over; a gap or a fork ends the connection, and nothing after it is taken.</summary>
    public BatchVerdict OnBatch(long firstSequence, OpHash previousHash, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
        var taken = new List<IncomingOp>(envelopes.Count);
        var hash = previousHash;
        for (var i = 0; i < envelopes.Count; i++)
        {
            var sequence = firstSequence + i;
            var before = hash;
            hash = before.Next(envelopes[i].Span);
            if (Switches.IsOff(Mechanism.Dedupe) && sequence <= ReceivedSequence)
            {
                taken.Add(new IncomingOp(sequence, before, hash, envelopes[i]));
                continue;
            }

            if (KnownHash(sequence) is { } known)
            {
                if (known != hash && !Switches.IsOff(Mechanism.HashChain))
                {
                    return new BatchVerdict(taken, $"Fork: op {sequence} of store {Holder.Store} came twice with different contents.", IsFork: true);
                }

                continue;
            }

            if (sequence <= CommittedSequence)
            {
                continue; // below the watermark only the chain after it can be compared
            }

            if (sequence != ReceivedSequence + 1)
            {
                return new BatchVerdict(taken, $"Gap: op {sequence} of store {Holder.Store} came after {ReceivedSequence}.");
            }

            if (before != ReceivedHash && !Switches.IsOff(Mechanism.HashChain))
            {
                return new BatchVerdict(taken, $"Fork: op {sequence} of store {Holder.Store} does not continue op {ReceivedSequence} as the hub has it.", IsFork: true);
            }

            if (Contradicts(sequence, hash))
            {
                return new BatchVerdict(taken, $"Fork: op {sequence} of store {Holder.Store} does not lead to op {sequence + 1} as the hub has it.", IsFork: true);
            }

            ReceivedSequence = sequence;
            ReceivedHash = hash;
            _above[sequence] = (hash, false, default);
            taken.Add(new IncomingOp(sequence, before, hash, envelopes[i]));
            SkipRemembered();
        }

        return new BatchVerdict(taken, null);
    }

    /// <summary>Takes one fact of a dead life, if it is the next one of this chain.</summary>
    public IncomingOp? TryExtend(long sequence, OpHash previousHash, OpHash hash, ReadOnlyMemory<byte> envelope)
    {
        if (sequence != ReceivedSequence + 1 || previousHash != ReceivedHash || KnownHash(sequence) is not null || Contradicts(sequence, hash))
        {
            return null;
        }

        ReceivedSequence = sequence;
        ReceivedHash = hash;
        _above[sequence] = (hash, false, default);
        SkipRemembered();
        return new IncomingOp(sequence, previousHash, hash, envelope);
    }

    /// <summary>Step 3: an op is durable and applied. True when the watermark moved.</summary>
    public bool OnApplied(long sequence)
    {
        if (!_above.TryGetValue(sequence, out var op))
        {
            return false;
        }

        _above[sequence] = (op.Hash, true, default);
        var before = CommittedSequence;
        Advance();
        return CommittedSequence > before;
    }

    /// <summary>The newest op that the hub has, with its hash: a database that has it with that hash wrote everything before it too.</summary>
    public (long Sequence, OpHash Hash) Newest => _above.Count == 0 ? (CommittedSequence, CommittedHash) : (_above.Keys.Last(), _above.Values.Last().Hash);

    /// <summary>The next op that a crash left beyond a gap; null where there is no gap.</summary>
    public (long Sequence, OpHash Hash)? BeyondGap
    {
        get
        {
            foreach (var (sequence, op) in _above)
            {
                if (sequence > ReceivedSequence)
                {
                    return (sequence, op.Hash);
                }
            }

            return null;
        }
    }

    /// <summary>Whether an op is on the disk.</summary>
    public bool IsDurable(long sequence) => sequence <= CommittedSequence || (_above.TryGetValue(sequence, out var op) && op.Durable);

    /// <summary>The hash of an op that was taken in and is still in memory: at the watermark or above it.</summary>
    public OpHash? KnownHash(long sequence) =>
        sequence == CommittedSequence && sequence > 0 ? CommittedHash
        : _above.TryGetValue(sequence, out var op) ? op.Hash : null;

    // A crash can leave an op durable while the one before it is lost: what comes in its place must lead to the one that is here.
    private bool Contradicts(long sequence, OpHash hash) =>
        _above.TryGetValue(sequence + 1, out var next) && !next.Bytes.IsEmpty && hash.Next(next.Bytes.Span) != next.Hash && !Switches.IsOff(Mechanism.HashChain);

    // Ops above the watermark that a crash left durable while one below them was not: they are passed over in their turn.
    private void SkipRemembered()
    {
        while (_above.TryGetValue(ReceivedSequence + 1, out var next))
        {
            ReceivedSequence++;
            ReceivedHash = next.Hash;
        }
    }

    private void Advance()
    {
        while (_above.Remove(CommittedSequence + 1, out var next))
        {
            if (!next.Durable)
            {
                _above[CommittedSequence + 1] = next;
                break;
            }

            CommittedSequence++;
            CommittedHash = next.Hash;
        }

        if (ReceivedSequence < CommittedSequence)
        {
            ReceivedSequence = CommittedSequence;
            ReceivedHash = CommittedHash;
            SkipRemembered();
        }
    }
}
