using Google.Protobuf.Collections;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Profiles' fields, stamps and tags between the wire and the core.</summary>
public static class PersonalCodec
{
    /// <summary>For the wire.</summary>
    public static Wire.FieldChange ToWire(FieldChange change) => new() { Field = (Wire.ProfileField)change.Field, Value = change.Value };

    /// <summary>From the wire.</summary>
    public static FieldChange ToCore(Wire.FieldChange wire) => new((ProfileField)wire.Field, wire.Value);

    /// <summary>For the wire.</summary>
    public static Wire.Hlc? ToWire(Hlc stamp) => stamp == default ? null : new Wire.Hlc { WallMs = stamp.WallMs, Counter = stamp.Counter };

    /// <summary>From the wire; default where there is none.</summary>
    public static Hlc ToCore(Wire.Hlc? wire) => wire is null ? default : new Hlc(wire.WallMs, wire.Counter);

    /// <summary>For the wire.</summary>
    public static Wire.TagDot ToWire(TagDot dot) => new() { Tag = dot.Tag, Dot = ToWire(dot.Dot) };

    /// <summary>From the wire.</summary>
    public static TagDot ToCore(Wire.TagDot wire) => new(wire.Tag, ToCore(wire.Dot ?? new Wire.Dot()));

    /// <summary>For the wire.</summary>
    public static Wire.Dot ToWire(Dot dot) => new() { Store = dot.Op.Holder.Store.Value, Incarnation = dot.Op.Holder.Incarnation.Value, Sequence = dot.Op.Sequence, HashHead = dot.HashHead };

    /// <summary>From the wire.</summary>
    public static Dot ToCore(Wire.Dot wire) => new(new OpId(new Holder(new StoreId(wire.Store), new Incarnation(wire.Incarnation)), wire.Sequence), wire.HashHead);

    internal static void Encode(Op op, Wire.OpEnvelope wire)
    {
        wire.Stamp = ToWire(op.Stamp);
        wire.Tag = op.Tag;
        wire.Fields.AddRange(op.Fields.Select(change => new Wire.FieldChange { Field = (Wire.ProfileField)change.Field, Value = change.Value, Proved = op.IsProved }));
        wire.RemovedDots.AddRange(op.RemovedDots.Select(ToWire));
    }

    // Sales and top-ups have none of it: those are not copied to say so.
    internal static Op Decode(Wire.OpEnvelope wire, Op op) => wire.Tag.Length + wire.Fields.Count + wire.RemovedDots.Count == 0 ? op : op with
    {
        Tag = wire.Tag,
        Fields = [.. wire.Fields.Select(ToCore)],
        IsProved = wire.Fields.Count > 0 && wire.Fields.All(change => change.Proved),
        RemovedDots = [.. wire.RemovedDots.Select(ToCore)],
    };

    internal static bool Encode(MemberEvent change, Wire.MemberEventRecord record)
    {
        switch (change)
        {
            case ProfileChanged changed:
                record.ProfileChanged = new Wire.ProfileChangedEvent { Operator = changed.Operator };
                record.ProfileChanged.Fields.AddRange(changed.Fields.Select(ToWire));
                record.ProfileChanged.AddedTags.AddRange(changed.AddedTags);
                record.ProfileChanged.AddedDots.AddRange(changed.AddedDots.Select(ToWire));
                record.ProfileChanged.RemovedDots.AddRange(changed.RemovedDots.Select(ToWire));
                return true;
            case MemberErased erased:
                record.MemberErased = new Wire.MemberErasedEvent { Operator = erased.Operator, Reason = erased.Reason };
                return true;
            default:
                return false;
        }
    }

    internal static MemberEvent? Decode(Wire.MemberEventRecord record) => record.EventCase switch
    {
        Wire.MemberEventRecord.EventOneofCase.ProfileChanged => new ProfileChanged(
            record.ProfileChanged.Operator,
            [.. record.ProfileChanged.Fields.Select(ToCore)],
            [.. record.ProfileChanged.AddedTags],
            [.. record.ProfileChanged.RemovedDots.Select(ToCore)])
        {
            AddedDots = [.. record.ProfileChanged.AddedDots.Select(ToCore)],
        },
        Wire.MemberEventRecord.EventOneofCase.MemberErased => new MemberErased(record.MemberErased.Operator, record.MemberErased.Reason),
        _ => null,
    };

    internal static Wire.PersonalState Encode(PersonalData personal)
    {
        var wire = new Wire.PersonalState { Erased = personal.IsErased };
        Encode(personal.Fields, wire.Fields);
        Encode(personal.Unproved, wire.Unproved);
        wire.Tags.AddRange(personal.TagDots.Select(ToWire));
        wire.RemovedAhead.AddRange(personal.RemovedAhead.Select(ToWire));
        wire.TakenDots.AddRange(personal.TakenDots.Select(ToWire));
        return wire;
    }

    internal static void Decode(Wire.PersonalState wire, PersonalData personal)
    {
        personal.IsErased = wire.Erased;
        Decode(wire.Fields, personal.Fields);
        Decode(wire.Unproved, personal.Unproved);
        foreach (var dot in wire.Tags)
        {
            personal.Dots[ToCore(dot.Dot)] = dot.Tag;
        }

        personal.RemovedAhead.UnionWith(wire.RemovedAhead.Select(ToCore));
        personal.TakenDots.UnionWith(wire.TakenDots.Select(ToCore));
    }

    private static void Encode(SortedDictionary<ProfileField, Written> fields, RepeatedField<Wire.StampedField> wire) => wire.AddRange(fields.Select(entry => new Wire.StampedField
    {
        Field = (Wire.ProfileField)entry.Key,
        Value = entry.Value.Value,
        At = new Wire.Hlc { WallMs = entry.Value.Stamp.At.WallMs, Counter = entry.Value.Stamp.At.Counter },
        By = OpIdCodec.ToWire(entry.Value.Stamp.By),
    }));

    private static void Decode(RepeatedField<Wire.StampedField> wire, SortedDictionary<ProfileField, Written> fields)
    {
        foreach (var entry in wire)
        {
            fields[(ProfileField)entry.Field] = new Written(entry.Value, new Stamp(ToCore(entry.At), OpIdCodec.ToCore(entry.By)));
        }
    }
}
