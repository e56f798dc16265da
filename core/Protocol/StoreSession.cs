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
    // Above the watermark up to what was received, without gaps: at full load each op comes and goes here.
    private readonly OpsUnderWay _underWay = new();

    // What a crash left durable beyond a gap, with its bytes. Empty but for the first moments after a restart.
    private readonly SortedDictionary<long, (OpHash Hash, ReadOnlyMemory<byte> Bytes)> _beyond = [];

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
    public int InFlight => _underWay.CountNotDurable();

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

        if (sequence <= ReceivedSequence)
        {
            _underWay.SetDurable(IndexOf(sequence), hash);
        }
        else
        {
            _beyond[sequence] = (hash, bytes);
        }

        Advance();
    }

    /// <summary>Step 1: why a database that ends at a place cannot be the one that wrote what the hub has; null where it can.</summary>
    public string? FindAmnesia(long tipSequence, OpHash tipHash)
    {
        // What was taken in or remembered above the watermark came from this database too: one that ends below it has lost it.
        var newest = Newest.Sequence;
        if (tipSequence < newest)
        {
            return $"The hub has op {newest} of store {Holder.Store}; this database ends at {tipSequence}. It is an older copy and must not spend.";
        }

        return !Switches.IsOff(Mechanism.HashChain) && tipSequence == newest && tipHash != (KnownHash(newest) ?? OpHash.Genesis)
            ? $"Op {newest} of store {Holder.Store} has another hash at the hub. Two databases have written under one identity."
            : null;
    }

    /// <summary>Step 2: takes a batch. What was taken before is passed over; a gap or a fork ends the connection, and nothing after it is taken.</summary>
    public BatchVerdict OnBatch(long firstSequence, OpHash previousHash, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) =>
        OnBatch(firstSequence, previousHash, envelopes, OpHash.Chain(previousHash, envelopes));

    /// <summary>Step 2, for a batch whose hashes are known.</summary>
    public BatchVerdict OnBatch(long firstSequence, OpHash previousHash, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, OpHash[] hashes)
    {
        var taken = new List<IncomingOp>(envelopes.Count);
        for (var i = 0; i < envelopes.Count; i++)
        {
            var sequence = firstSequence + i;
            var before = i == 0 ? previousHash : hashes[i - 1];
            var hash = hashes[i];
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

            Receive(hash, isDurable: false);
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

        Receive(hash, isDurable: false);
        SkipRemembered();
        return new IncomingOp(sequence, previousHash, hash, envelope);
    }

    /// <summary>Step 3: an op is durable and applied. True when the watermark moved.</summary>
    public bool OnApplied(long sequence)
    {
        if (sequence <= CommittedSequence || sequence > ReceivedSequence)
        {
            return false; // what lies beyond a gap is durable as it is
        }

        _underWay.SetDurable(IndexOf(sequence));
        var before = CommittedSequence;
        Advance();
        return CommittedSequence > before;
    }

    /// <summary>The newest op that the hub has, with its hash: a database that has it with that hash wrote everything before it too.</summary>
    public (long Sequence, OpHash Hash) Newest
    {
        get
        {
            if (_beyond.Count == 0)
            {
                return (ReceivedSequence, ReceivedHash);
            }

            var (sequence, op) = _beyond.Last();
            return (sequence, op.Hash);
        }
    }

    /// <summary>The next op that a crash left beyond a gap; null where there is no gap.</summary>
    public (long Sequence, OpHash Hash)? BeyondGap
    {
        get
        {
            foreach (var (sequence, op) in _beyond)
            {
                return (sequence, op.Hash);
            }

            return null;
        }
    }

    /// <summary>Whether an op is on the disk.</summary>
    public bool IsDurable(long sequence) => sequence <= CommittedSequence || (sequence <= ReceivedSequence ? _underWay.IsDurable(IndexOf(sequence)) : _beyond.ContainsKey(sequence));

    /// <summary>The hash of an op that was taken in and is still in memory: at the watermark or above it.</summary>
    public OpHash? KnownHash(long sequence) =>
        sequence <= CommittedSequence ? (sequence == CommittedSequence && sequence > 0 ? CommittedHash : null)
        : sequence <= ReceivedSequence ? _underWay.HashAt(IndexOf(sequence))
        : _beyond.Count > 0 && _beyond.TryGetValue(sequence, out var op) ? op.Hash : null;

    private int IndexOf(long sequence) => (int)(sequence - CommittedSequence - 1);

    private void Receive(OpHash hash, bool isDurable)
    {
        ReceivedSequence++;
        ReceivedHash = hash;
        _underWay.Add(hash, isDurable);
    }

    // A crash can leave an op durable while the one before it is lost: what comes in its place must lead to the one that is here.
    private bool Contradicts(long sequence, OpHash hash) =>
        _beyond.Count > 0 && _beyond.TryGetValue(sequence + 1, out var next) && !next.Bytes.IsEmpty && hash.Next(next.Bytes.Span) != next.Hash && !Switches.IsOff(Mechanism.HashChain);

    // Ops above the watermark that a crash left durable while one below them was not: they are passed over in their turn.
    private void SkipRemembered()
    {
        while (_beyond.Count > 0 && _beyond.Remove(ReceivedSequence + 1, out var next))
        {
            Receive(next.Hash, isDurable: true);
        }
    }

    private void Advance()
    {
        SkipRemembered();
        while (_underWay.TryTakeDurable(out var hash))
        {
            CommittedSequence++;
            CommittedHash = hash;
        }
    }
}
