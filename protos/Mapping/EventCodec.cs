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
            case OpApplied op:
                var wire = ToWire(applied.Outcome!, previousHash);
                wire.Undone = RefundCodec.ToWire(op.Undoing);
                wire.FloorLimitMinor = op.FloorLimitMinor;
                wire.HashHead = op.Op.Type == Core.Ops.OpType.TagAdd ? op.HashHead : 0;
                if (op.IsResumed)
                {
                    wire.PreviousHash = ByteString.Empty; // it stands in the record of the parking
                    wire.EndsParking = op.EndsParking;
                    record.Resumed = wire;
                }
                else
                {
                    record.OpApplied = wire;
                }

                break;
            case RefundRightMoved moved:
                record.RefundRightMoved = RefundCodec.ToWire(moved);
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
            case OpParked parked:
                record.Parked = new Wire.OpParkedEvent { Reason = parked.Reason, PreviousHash = UnsafeByteOperations.UnsafeWrap(previousHash.ToBytes()), Life = parked.Life == parked.Place.Holder.Incarnation ? 0 : parked.Life.Value };
                break;
            case LinesReleased released:
                record.Released = ToWire(released);
                break;
            case RightsHealed healed:
                record.Healed = new Wire.GrantedEvent { Store = healed.Holder.Store.Value, Incarnation = healed.Holder.Incarnation.Value };
                record.Healed.Lines.AddRange(healed.Lines.Select(ToWire));
                break;
            case CreditLimitSet set:
                record.CreditLimit = new Wire.CreditLimitEvent { LimitMinor = set.LimitMinor, Derived = set.IsDerived };
                break;
            case ShortfallBorne borne:
                record.ShortfallBorne = ValueEventCodec.ToWire(borne, applied.Outcome!.Transaction);
                break;
            case ReceivableSettled settled:
                record.ReceivableSettled = ValueEventCodec.ToWire(settled, applied.Outcome!.Transaction);
                break;
            default:
                if (!PersonalCodec.Encode(applied.Event, record))
                {
                    MergeCodec.Encode(applied, record);
                }

                break;
        }

        var bytes = new byte[record.CalculateSize()];
        record.WriteTo(bytes.AsSpan()); // as ToByteArray, without a stream object for each
        return bytes;
    }

    /// <summary>Reads a journal record back.</summary>
    /// <param name="payload">The record's payload.</param>
    /// <param name="opBytes">The bytes of the fact that it is about, or null.</param>
    /// <param name="place">The name of that fact: the chain it lies in and its number there.</param>
    /// <exception cref="InvalidDataException">The record cannot be read; the journal is damaged or newer than this program.</exception>
    public static (MemberEvent Event, long RecordedAtMs) Decode(byte[] payload, byte[]? opBytes, OpId place = default)
    {
        var record = Wire.MemberEventRecord.Parser.ParseFrom(payload);
        MemberEvent change = record.EventCase switch
        {
            Wire.MemberEventRecord.EventOneofCase.OpApplied => Applied(opBytes, place, record.OpApplied),
            Wire.MemberEventRecord.EventOneofCase.Resumed => Applied(opBytes, place, record.Resumed) with { IsResumed = true, EndsParking = record.Resumed.EndsParking },
            Wire.MemberEventRecord.EventOneofCase.Parked => new OpParked(place, record.Parked.Reason) { Life = record.Parked.Life == 0 ? place.Holder.Incarnation : new Incarnation(record.Parked.Life) },
            Wire.MemberEventRecord.EventOneofCase.Released => ToCore(record.Released),
            Wire.MemberEventRecord.EventOneofCase.Healed => new RightsHealed(
                new Holder(new StoreId(record.Healed.Store), new Incarnation(record.Healed.Incarnation)),
                [.. record.Healed.Lines.Select(ToCore)]),
            Wire.MemberEventRecord.EventOneofCase.RefundRightMoved => RefundCodec.ToCore(record.RefundRightMoved),
            Wire.MemberEventRecord.EventOneofCase.Granted => new RightsGranted(
                new Holder(new StoreId(record.Granted.Store), new Incarnation(record.Granted.Incarnation)),
                [.. record.Granted.Lines.Select(ToCore)]),
            Wire.MemberEventRecord.EventOneofCase.Followed => new MemberFollowed(new StoreId(record.Followed.Store)),
            Wire.MemberEventRecord.EventOneofCase.Registered => new MemberRegistered(MemberCodec.ToCore(record.Registered.Profile)),
            Wire.MemberEventRecord.EventOneofCase.LotsExpired => ValueEventCodec.ToCore(record.LotsExpired),
            Wire.MemberEventRecord.EventOneofCase.CreditLimit => new CreditLimitSet(record.CreditLimit.LimitMinor) { IsDerived = record.CreditLimit.Derived },
            Wire.MemberEventRecord.EventOneofCase.ShortfallBorne => new ShortfallBorne(BucketCodec.ToCore(record.ShortfallBorne.Bucket), record.ShortfallBorne.LossMinor),
            Wire.MemberEventRecord.EventOneofCase.ReceivableSettled => new ReceivableSettled(record.ReceivableSettled.SettledMinor),
            _ => PersonalCodec.Decode(record) ?? MergeCodec.Decode(record),
        };
        return (change, record.RecordedAtMs);
    }

    private static OpApplied Applied(byte[]? opBytes, OpId place, Wire.OpAppliedEvent wire) =>
        Undoing(Place(OpCodec.Decode(opBytes ?? throw new InvalidDataException("A record names an op whose bytes are not there.")), place), wire) with { FloorLimitMinor = wire.FloorLimitMinor, HashHead = wire.HashHead };

    private static OpApplied Place(Core.Ops.Op op, OpId place) => place == default ? new OpApplied(op) : new OpApplied(op) { Place = place };

    private static Wire.ReleasedEvent ToWire(LinesReleased released)
    {
        var wire = new Wire.ReleasedEvent
        {
            Store = released.Holder.Store.Value,
            Incarnation = released.Holder.Incarnation.Value,
            Kind = (Wire.ReleaseKind)released.Kind,
            Payer = released.Payer,
            Approver = released.Approver,
        };
        wire.Lines.AddRange(released.Lines.Select(line => new Wire.ReleasedLine { Bucket = BucketCodec.ToWire(line.Bucket), Amount = line.Amount }));
        return wire;
    }

    private static LinesReleased ToCore(Wire.ReleasedEvent wire) => new(
        new Holder(new StoreId(wire.Store), new Incarnation(wire.Incarnation)),
        (Core.Identity.ReleaseKind)wire.Kind,
        wire.Payer,
        wire.Approver,
        [.. wire.Lines.Select(line => new ReleasedLine(BucketCodec.ToCore(line.Bucket), line.Amount))]);

    /// <summary>G of one line for the wire.</summary>
    public static Wire.GrantedLine ToWire(GrantedLine line) => new() { Bucket = BucketCodec.ToWire(line.Bucket), Granted = line.Granted };

    /// <summary>G of one line from the wire.</summary>
    public static GrantedLine ToCore(Wire.GrantedLine line) => new(BucketCodec.ToCore(line.Bucket), line.Granted);

    private static OpApplied Undoing(OpApplied applied, Wire.OpAppliedEvent wire) => applied with { Undoing = RefundCodec.ToCore(wire.Undone, applied.Op.Reference) };

    private static Wire.OpAppliedEvent ToWire(OpOutcome outcome, OpHash previousHash)
    {
        var wire = new Wire.OpAppliedEvent
        {
            Classification = (Wire.Classification)outcome.Classification,
            Note = outcome.Note,
            PreviousHash = UnsafeByteOperations.UnsafeWrap(previousHash.ToBytes()),
        };
        var entries = outcome.Transaction.Entries;
        wire.Entries.Capacity = entries.Count;
        for (var i = 0; i < entries.Count; i++)
        {
            wire.Entries.Add(ValueEventCodec.ToWire(entries[i]));
        }

        return wire;
    }
}
