using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.Storage.Sqlite;
using SyncHub.V1;

namespace SyncHub.Verify.Tests;

/// <summary>Writes the files of a hub and two stores, op by op, with the numbers that a test states; it computes nothing but hashes.</summary>
internal sealed partial class ChainBuilder : IAsyncDisposable
{
    private readonly SqliteJournal _hub;
    private readonly Dictionary<int, SqliteJournal> _agents = [];
    private readonly Dictionary<int, (long Sequence, byte[] Hash)> _tips = [];
    private readonly Dictionary<UInt128, long> _versions = [];

    private readonly string _folder;

    private ChainBuilder(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(Path.Combine(folder, "hub"));
        _hub = SqliteJournal.Open(Path.Combine(folder, "hub", "hub.db"), new SqliteJournalOptions());
        foreach (var store in (int[])[1, 2])
        {
            var directory = Path.Combine(folder, $"store{store}");
            Directory.CreateDirectory(directory);
            File.WriteAllText(Path.Combine(directory, "identity.json"), $$"""{"store":{{store}},"name":"S{{store}}","incarnation":{{Make.Incarnation}},"secret":"x"}""");
            _agents.Add(store, SqliteJournal.Open(Path.Combine(directory, "agent.db"), new SqliteJournalOptions()));
            _tips.Add(store, (0, new byte[32]));
        }
    }

    public static ChainBuilder Open(string folder) => new(folder);

    /// <summary>An op that its store logs and the hub applies with these entries.</summary>
    public Task Applied(int store, OpEnvelope op, params LedgerEntry[] entries) => Applied(store, op, null, entries);

    /// <summary>The same, with the store's lines written together with the op, as a store does.</summary>
    public Task Applied(int store, OpEnvelope op, DocumentWrite? lines, params LedgerEntry[] entries) => Applied(store, op, lines, null, 0, entries);

    private async Task Applied(int store, OpEnvelope op, DocumentWrite? lines, UndoneOriginal? undone, ulong hashHead, params LedgerEntry[] entries)
    {
        var (previous, fact) = await Log(store, op, lines);
        var batch = new JournalBatch();
        batch.Facts.Add(fact);
        batch.Cursors.Add(new CursorMove("committed", fact.Producer, fact.Sequence, fact.Hash));
        var applied = new OpAppliedEvent { Classification = Classification.Normal, PreviousHash = ByteString.CopyFrom(previous), Undone = undone, HashHead = hashHead };
        applied.Entries.AddRange(entries);
        var member = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(op.Member.Span);
        batch.Records.Add(Record(member, new MemberEventRecord { OpApplied = applied }, new FactKey(fact.Producer, fact.Sequence)));
        batch.Balances.AddRange(entries.Select(entry => new BalanceChange(0, entry.Account, entry.Asset, entry.AmountMinor)));
        await _hub.CommitAsync(batch);
    }

    /// <summary>A refund of one point, with what the hub says to have found of the sale that it undoes.</summary>
    public async Task Undone(int store, UInt128 member, long sequence, long claimed, long closedUpTo)
    {
        var op = Make.Op(OpType.Refund, member, Make.Debit(Make.PointsBucket, 1));
        op.Reference = new OpId { Store = store, Incarnation = Make.Incarnation, Sequence = sequence };
        op.ClosedUpTo = closedUpTo;
        var original = new UndoneOriginal { Found = true, Type = OpType.Sale, Member = op.Member, BillMinor = 3_000 };
        original.Moves.AddRange([Make.Debit(Make.Principal, claimed), Make.Debit(Make.Lot, 500), Make.Credit(Make.PointsBucket, 30)]);
        await Applied(store, op, null, original, 0, Make.Entry("wallet/points", 1, Make.Points), Make.Entry($"store/{store}/points-granted", -1, Make.Points));
    }

    /// <summary>A tag, with what the hub says to be the head of its op's hash.</summary>
    public Task Tagged(int store, UInt128 member, ulong hashHead)
    {
        var op = Make.Op(OpType.TagAdd, member);
        op.Tag = "vip";
        return Applied(store, op, null, null, hashHead);
    }

    /// <summary>An op about no member: a fact at the hub without a record.</summary>
    public async Task Kept(int store, OpType type)
    {
        var (_, fact) = await Log(store, new OpEnvelope { Schema = 1, Type = type });
        var batch = new JournalBatch();
        batch.Facts.Add(fact);
        batch.Cursors.Add(new CursorMove("committed", fact.Producer, fact.Sequence, fact.Hash));
        await _hub.CommitAsync(batch);
    }

    /// <summary>An op that lies in its store's log only.</summary>
    public async Task<(byte[] Previous, NewFact Fact)> Log(int store, OpEnvelope op, DocumentWrite? lines = null)
    {
        var (tip, previous) = _tips[store];
        op.Id = new OpId { Store = store, Incarnation = Make.Incarnation, Sequence = tip + 1 };
        op.ClosedUpTo = op.Type == OpType.CloseDay ? tip + 1 : op.ClosedUpTo;
        if (op.Type is not (OpType.CloseDay or OpType.Relinquish) && op.RequestId.Length == 0)
        {
            op.RequestId = $"request {store}-{tip + 1}";
        }

        var bytes = op.ToByteArray();
        var hash = SHA256.HashData([.. previous, .. bytes]);
        var fact = new NewFact(Make.Store(store), tip + 1, hash, bytes);
        _tips[store] = (tip + 1, hash);
        var batch = new JournalBatch();
        batch.Facts.Add(fact);
        if (lines is { } document)
        {
            batch.Documents.Add(document);
        }

        await _agents[store].CommitAsync(batch);
        return (previous, fact);
    }

    /// <summary>An event of the hub's own.</summary>
    public Task Event(UInt128 member, MemberEventRecord change)
    {
        var batch = new JournalBatch();
        batch.Records.Add(Record(member, change, null));
        return _hub.CommitAsync(batch);
    }

    /// <summary>An event that books.</summary>
    public Task Moved(UInt128 member, MemberEventRecord change)
    {
        var batch = new JournalBatch();
        batch.Records.Add(Record(member, change, null));
        batch.Balances.AddRange((change.ValueSent ?? change.ValueTaken).Entries.Select(entry => new BalanceChange(0, entry.Account, entry.Asset, entry.AmountMinor)));
        return _hub.CommitAsync(batch);
    }

    public Task Snapshot(UInt128 member, MemberSnapshot snapshot)
    {
        var batch = new JournalBatch();
        batch.Snapshots.Add(new NewSnapshot(new StreamId(member), _versions[member], snapshot.ToByteArray()));
        return _hub.CommitAsync(batch);
    }

    public static DocumentWrite LinesOf(UInt128 member, params AgentLine[] lines)
    {
        var document = new AgentLines { LastUsedMs = 5 };
        document.Lines.AddRange(lines);
        return new DocumentWrite("lines", Make.Key(member), document.ToByteArray());
    }

    public Task Lines(int store, UInt128 member, params AgentLine[] lines)
    {
        var batch = new JournalBatch();
        batch.Documents.Add(LinesOf(member, lines));
        return _agents[store].CommitAsync(batch);
    }

    /// <summary>The end of a store's log.</summary>
    public (long Sequence, byte[] Hash) TipOf(int store) => _tips[store];

    /// <summary>The end of a branch.</summary>
    public (long Sequence, byte[] Hash) TipOf(int store, long branch) => _branches[(store, branch)];

    public Task HubDocuments(params DocumentWrite[] documents)
    {
        var batch = new JournalBatch();
        batch.Documents.AddRange(documents);
        return _hub.CommitAsync(batch);
    }

    /// <summary>A fact at the hub that no store logged.</summary>
    public Task HubFact(NewFact fact)
    {
        var batch = new JournalBatch();
        batch.Facts.Add(fact);
        return _hub.CommitAsync(batch);
    }

    /// <summary>Audits the files while they are open here.</summary>
    public AuditReport Audit() => Verify.Audit.Run(Path.Combine(_folder, "hub"), [Path.Combine(_folder, "store1"), Path.Combine(_folder, "store2")], new AuditOptions());

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        foreach (var agent in _agents.Values)
        {
            await agent.DisposeAsync();
        }
    }

    private NewRecord Record(UInt128 member, MemberEventRecord change, FactKey? fact)
    {
        change.RecordedAtMs = 1_790_000_000_000;
        var version = _versions[member] = _versions.GetValueOrDefault(member) + 1;
        return new NewRecord(0, new StreamId(member), version, change.ToByteArray(), fact);
    }
}
