using Google.Protobuf;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>A member's events between the hub's journal and the core. An op's bytes are not repeated: they lie with the fact.</summary>
public static class EventCodec
{
    /// <summary>The payload of a journal record.</summary>
    /// <param name="applied">The event and what it came to.</param>
    /// <param name="previousHash">For an op: the hash before it, as the hub verified it.</param>
    public static byte[] Encode(AppliedEvent applied, OpHash previousHash)
    {
        var record = new Wire.MemberEventRecord { RecordedAtMs = applied.RecordedAtMs };
        switch (applied.Event)
        {
            case OpApplied:
                record.OpApplied = ToWire(applied.Outcome!, previousHash);
                break;
            case RightsGranted granted:
                record.Granted = new Wire.GrantedEvent { Store = granted.Holder.Store.Value, Incarnation = granted.Holder.Incarnation.Value };
                record.Granted.Lines.AddRange(granted.Lines.Select(ToWire));
                break;
            case MemberFollowed followed:
                record.Followed = new Wire.FollowedEvent { Store = followed.Store.Value };
                break;
            case MemberRegistered registered:
                record.Registered = new Wire.RegisteredEvent { Profile = MemberCodec.ToWire(registered.Profile) };
                break;
            case LotsExpired expired:
                record.LotsExpired = ValueEventCodec.ToWire(expired, applied.Outcome!.Transaction);
                break;
            default:
                throw new InvalidOperationException($"No record for {applied.Event.GetType().Name}.");
        }

        return record.ToByteArray();
    }

    /// <summary>Reads a journal record back.</summary>
    /// <param name="payload">The record's payload.</param>
    /// <param name="opBytes">The bytes of the fact that it is about, or null.</param>
    /// <exception cref="InvalidDataException">The record cannot be read; the journal is damaged or newer than this program.</exception>
    public static (MemberEvent Event, long RecordedAtMs) Decode(byte[] payload, byte[]? opBytes)
    {
        var record = Wire.MemberEventRecord.Parser.ParseFrom(payload);
        MemberEvent change = record.EventCase switch
        {
            Wire.MemberEventRecord.EventOneofCase.OpApplied => new OpApplied(OpCodec.Decode(opBytes ?? throw new InvalidDataException("A record names an op whose bytes are not there."))),
            Wire.MemberEventRecord.EventOneofCase.Granted => new RightsGranted(
                new Holder(new StoreId(record.Granted.Store), new Incarnation(record.Granted.Incarnation)),
                [.. record.Granted.Lines.Select(ToCore)]),
            Wire.MemberEventRecord.EventOneofCase.Followed => new MemberFollowed(new StoreId(record.Followed.Store)),
            Wire.MemberEventRecord.EventOneofCase.Registered => new MemberRegistered(MemberCodec.ToCore(record.Registered.Profile)),
            Wire.MemberEventRecord.EventOneofCase.LotsExpired => ValueEventCodec.ToCore(record.LotsExpired),
            _ => throw new InvalidDataException($"Unknown member event {record.EventCase}."),
        };
        return (change, record.RecordedAtMs);
    }

    /// <summary>G of one line for the wire.</summary>
    public static Wire.GrantedLine ToWire(GrantedLine line) => new() { Bucket = BucketCodec.ToWire(line.Bucket), Granted = line.Granted };

    /// <summary>G of one line from the wire.</summary>
    public static GrantedLine ToCore(Wire.GrantedLine line) => new(BucketCodec.ToCore(line.Bucket), line.Granted);

    private static Wire.OpAppliedEvent ToWire(OpOutcome outcome, OpHash previousHash)
    {
        var wire = new Wire.OpAppliedEvent
        {
            Classification = (Wire.Classification)outcome.Classification,
            Note = outcome.Note,
            PreviousHash = UnsafeByteOperations.UnsafeWrap(previousHash.ToBytes()),
        };
        wire.Entries.AddRange(outcome.Transaction.Entries.Select(ValueEventCodec.ToWire));
        return wire;
    }
}
