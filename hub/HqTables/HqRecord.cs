using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Storage.Hq;
using SyncHub.V1;
using MoveKind = SyncHub.Core.Ops.MoveKind;
using Op = SyncHub.Core.Ops.Op;

namespace SyncHub.Hub.HqTables;

/// <summary>What one record of the journal says for the tables of HQ, beside the state that it leads to: the op, and what was booked.</summary>
internal static class HqRecord
{
    /// <summary>Adds the record's rows to a page.</summary>
    /// <param name="record">The record.</param>
    /// <param name="change">Its event.</param>
    /// <param name="page">Where they go.</param>
    public static void AddTo(StoredRecord record, MemberEvent change, HqPage page)
    {
        var wire = MemberEventRecord.Parser.ParseFrom(record.Payload);
        foreach (var entry in EntriesOf(wire))
        {
            page.Postings.Add(new HqPosting(record.Stream, record.Version, entry.Account, entry.Asset, entry.AmountMinor));
        }

        if (record.Fact is not { } fact)
        {
            return;
        }

        var (op, classification) = change switch
        {
            OpApplied applied => (applied.Op, NameOf((wire.OpApplied ?? wire.Resumed).Classification.ToString())),
            _ => (Read(record), "parked"),
        };
        var moves = op?.Moves ?? [];
        page.Ops.Add(new HqOp(fact, record.Stream, record.Version, record.Position, op is null ? "unreadable" : NameOf(op.Type.ToString()), classification, op?.OccurredAtMs ?? 0, wire.RecordedAtMs,
            op?.BillMinor ?? 0, moves.Where(move => move.Bucket.IsMoney).Sum(Gain), moves.Where(move => move.Bucket == Core.Wallets.Bucket.Points).Sum(Gain)));
    }

    /// <summary>A name as SQL has it: TopUp is top_up.</summary>
    public static string NameOf(string name) => string.Concat(name.Select((letter, place) => char.IsUpper(letter) ? (place > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    private static long Gain(Core.Ops.Move move) => move.Kind switch
    {
        MoveKind.Credit => move.AmountMinor,
        MoveKind.Debit => -move.AmountMinor,
        _ => 0,
    };

    // Bytes that are no op are kept and acknowledged too.
    private static Op? Read(StoredRecord record)
    {
        try
        {
            return record.FactBytes is { } bytes ? OpCodec.Decode(bytes) : null;
        }
        catch (Exception fault) when (fault is Google.Protobuf.InvalidProtocolBufferException or InvalidDataException)
        {
            return null;
        }
    }

    private static Google.Protobuf.Collections.RepeatedField<LedgerEntry> EntriesOf(MemberEventRecord record) => record.EventCase switch
    {
        MemberEventRecord.EventOneofCase.OpApplied => record.OpApplied.Entries,
        MemberEventRecord.EventOneofCase.Resumed => record.Resumed.Entries,
        MemberEventRecord.EventOneofCase.LotsExpired => record.LotsExpired.Entries,
        MemberEventRecord.EventOneofCase.ReceivableSettled => record.ReceivableSettled.Entries,
        MemberEventRecord.EventOneofCase.ShortfallBorne => record.ShortfallBorne.Entries,
        MemberEventRecord.EventOneofCase.ValueSent => record.ValueSent.Entries,
        MemberEventRecord.EventOneofCase.ValueTaken => record.ValueTaken.Entries,
        _ => [],
    };
}
