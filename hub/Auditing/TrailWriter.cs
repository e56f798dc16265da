using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Auditing;

/// <summary>Writes the audit trail: facts of the producer <see cref="Store"/> in the hub's journal, chained as ops are, and as append-only as they are.</summary>
/// <remarks>
/// Each process of a hub writes a chain of its own, so that two of them never contend for a number; the first entry of a chain names the end of
/// the one before, so that none can be taken out. Thread rule: called in commit order, by the pipeline alone.
/// </remarks>
internal sealed class TrailWriter
{
    /// <summary>The producer's store number of all chains; no store has it.</summary>
    public const long Store = -1;

    /// <summary>The collection that lists the chains.</summary>
    public const string Chains = "audit-chain";

    private readonly ProducerId _producer;
    private readonly AuditLink? _before;
    private readonly long _startedAtMs;
    private long _sequence;
    private OpHash _hash = OpHash.Genesis;

    private TrailWriter(long chain, AuditLink? before, long startedAtMs)
    {
        _producer = new ProducerId(Store, chain);
        _before = before;
        _startedAtMs = startedAtMs;
    }

    /// <summary>A new chain after the newest one of the journal; nothing is written before its first entry.</summary>
    public static TrailWriter Open(IJournal journal, TimeProvider time)
    {
        AuditLink? before = null;
        foreach (var document in journal.ReadDocuments(Chains, default, default, int.MaxValue))
        {
            var chain = AuditChainDocument.Parser.ParseFrom(document.Value).Chain;
            if (journal.ReadNewestFacts(new ProducerId(Store, chain), 1) is [var tip])
            {
                before = new AuditLink { Chain = chain, Sequence = tip.Sequence, Hash = ByteString.CopyFrom(tip.Hash) };
            }
        }

        return new TrailWriter(RandomNumberGenerator.GetInt32(int.MaxValue) * (1L << 31) + RandomNumberGenerator.GetInt32(int.MaxValue) + 1, before, time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    /// <summary>Adds entries to the batch that is committed next.</summary>
    public void AddTo(JournalBatch batch, AuditEntry entry)
    {
        if (_sequence == 0)
        {
            entry.Link = _before;
            batch.Documents.Add(new DocumentWrite(Chains, KeyOf(_startedAtMs, _producer.Incarnation), new AuditChainDocument { Chain = _producer.Incarnation, StartedAtMs = _startedAtMs }.ToByteArray()));
        }

        var bytes = entry.ToByteArray();
        _hash = _hash.Next(bytes);
        _sequence++;
        batch.Facts.Add(new NewFact(_producer, _sequence, _hash.ToBytes(), bytes));
    }

    private static byte[] KeyOf(long startedAtMs, long chain)
    {
        var key = new byte[16];
        BinaryPrimitives.WriteInt64BigEndian(key, startedAtMs);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(8), chain);
        return key;
    }
}
