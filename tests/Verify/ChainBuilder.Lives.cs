using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify.Tests;

/// <summary>Branches, earlier lives and parked ops.</summary>
internal sealed partial class ChainBuilder
{
    private readonly Dictionary<(int Store, long Branch), (long Sequence, byte[] Hash)> _branches = [];
    private NewFact _newestOfBranch;

    /// <summary>A branch of the store's life begins where its log ends, or after another hash.</summary>
    public void Fork(int store, long branch, byte[]? follows) => _branches[(store, branch)] = (_tips[store].Sequence, follows ?? _tips[store].Hash);

    /// <summary>An op of a branch: it carries its life's number and is in no store's file.</summary>
    public async Task Branched(int store, long branch, OpEnvelope op, Classification classification, params LedgerEntry[] entries)
    {
        var (tip, previous) = _branches[(store, branch)];
        op.Id = new OpId { Store = store, Incarnation = Make.Incarnation, Sequence = tip + 1 };
        op.RequestId = $"request of a copy {store}-{tip + 1}";
        var bytes = op.ToByteArray();
        var hash = SHA256.HashData([.. previous, .. bytes]);
        var fact = _newestOfBranch = new NewFact(new ProducerId(store, branch), tip + 1, hash, bytes);
        _branches[(store, branch)] = (tip + 1, hash);
        var batch = new JournalBatch();
        batch.Facts.Add(fact);
        batch.Cursors.Add(new CursorMove("committed", fact.Producer, fact.Sequence, fact.Hash));
        var applied = new OpAppliedEvent { Classification = classification, PreviousHash = ByteString.CopyFrom(previous) };
        applied.Entries.AddRange(entries);
        batch.Records.Add(Record(BinaryPrimitives.ReadUInt128BigEndian(op.Member.Span), new MemberEventRecord { OpApplied = applied }, new FactKey(fact.Producer, fact.Sequence)));
        batch.Balances.AddRange(entries.Select(entry => new BalanceChange(0, entry.Account, entry.Asset, entry.AmountMinor)));
        await _hub.CommitAsync(batch);
    }

    /// <summary>The newest op of a branch comes in the life's own stream as well.</summary>
    public Task KeptCopy(int store, long branch)
    {
        var batch = new JournalBatch();
        batch.Facts.Add(_newestOfBranch with { Producer = Make.Store(store) });
        batch.Cursors.Add(new CursorMove("committed", Make.Store(store), _branches[(store, branch)].Sequence, _branches[(store, branch)].Hash));
        return _hub.CommitAsync(batch);
    }

    /// <summary>The store's database begins a new life; lines of the old one stay and count nothing.</summary>
    public Task BeginLife(int store, long next, long acknowledged)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, Make.Incarnation);
        var (tip, hash) = _tips[store];
        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite("dead", key, new DeadLogState { TipSequence = tip, TipHash = ByteString.CopyFrom(hash), Acknowledged = acknowledged }.ToByteArray()));
        batch.Documents.Add(new DocumentWrite("meta", "identity"u8.ToArray(), new AgentIdentity { Store = store, Incarnation = next }.ToByteArray()));
        return _agents[store].CommitAsync(batch);
    }

    /// <summary>An op that its store logs and the hub keeps without moving value.</summary>
    public async Task Parked(int store, OpEnvelope op)
    {
        var (previous, fact) = await Log(store, op);
        var batch = new JournalBatch();
        batch.Facts.Add(fact);
        batch.Cursors.Add(new CursorMove("committed", fact.Producer, fact.Sequence, fact.Hash));
        var parked = new MemberEventRecord { Parked = new OpParkedEvent { Reason = "it cannot be decided", PreviousHash = ByteString.CopyFrom(previous) } };
        batch.Records.Add(Record(BinaryPrimitives.ReadUInt128BigEndian(op.Member.Span), parked, new FactKey(fact.Producer, fact.Sequence)));
        await _hub.CommitAsync(batch);
    }

    /// <summary>The hub takes up an op that was parked.</summary>
    public async Task Resumed(int store, UInt128 member, long sequence, bool endsParking, params LedgerEntry[] entries)
    {
        var batch = new JournalBatch();
        var resumed = new OpAppliedEvent { Classification = Classification.Normal, EndsParking = endsParking };
        resumed.Entries.AddRange(entries);
        batch.Records.Add(Record(member, new MemberEventRecord { Resumed = resumed }, new FactKey(Make.Store(store), sequence)));
        batch.Balances.AddRange(entries.Select(entry => new BalanceChange(0, entry.Account, entry.Asset, entry.AmountMinor)));
        await _hub.CommitAsync(batch);
    }
}
