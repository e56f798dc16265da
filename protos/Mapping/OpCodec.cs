using Google.Protobuf;
using Google.Protobuf.Collections;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Ops to bytes, once, at the store that logs them; and bytes to ops, anywhere. The bytes are what is hashed and kept.</summary>
public static class OpCodec
{
    /// <summary>The schema that <see cref="Encode"/> writes.</summary>
    public const int Schema = 1;

    /// <summary>The bytes of a new op.</summary>
    public static byte[] Encode(Op op)
    {
        var wire = new Wire.OpEnvelope
        {
            Schema = Schema,
            Id = OpIdCodec.ToWire(op.Id),
            Type = (Wire.OpType)op.Type,
            Member = op.Member == default ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(op.Member.ToBytes()),
            OccurredAtMs = op.OccurredAtMs,
            RulesetVersion = op.RulesetVersion,
            Terminal = op.Terminal,
            Operator = op.Operator,
            Cashier = op.Cashier,
            Approver = op.Approver,
            RequestId = op.RequestId,
            BillMinor = op.BillMinor,
            DiscountMinor = op.DiscountMinor,
            OtherTenderMinor = op.OtherTenderMinor,
            Note = op.Note,
            Tender = (Wire.Tender)op.Tender,
            PromisedBonusMinor = op.PromisedBonusMinor,
            OtherMember = op.OtherMember == default ? ByteString.Empty : MergeCodec.Bytes(op.OtherMember),
            ClosedUpTo = op.ClosedUpTo,
        };
        foreach (var move in op.Moves)
        {
            wire.Moves.Add(MoveCodec.ToWire(move));
        }

        if (op.Reference is { } reference)
        {
            wire.Reference = OpIdCodec.ToWire(reference);
        }

        if (op.Profile is { } profile)
        {
            wire.Profile = MemberCodec.ToWire(profile);
        }

        PersonalCodec.Encode(op, wire);
        return wire.ToByteArray();
    }

    /// <summary>Reads an op.</summary>
    /// <exception cref="InvalidProtocolBufferException">The bytes are no message.</exception>
    /// <exception cref="InvalidDataException">The message is no op.</exception>
    public static Op Decode(ReadOnlyMemory<byte> bytes) => ToCore(Wire.OpEnvelope.Parser.ParseFrom(bytes.Span));

    private static Move[] ToCore(RepeatedField<Wire.Move> wire)
    {
        var moves = new Move[wire.Count];
        for (var i = 0; i < moves.Length; i++)
        {
            moves[i] = MoveCodec.ToCore(wire[i]);
        }

        return moves;
    }

    private static Op ToCore(Wire.OpEnvelope wire)
    {
        if (wire.Id is null || wire.Member.Length is not (0 or 16))
        {
            throw new InvalidDataException("An op needs an id, and a member of 0 or 16 bytes.");
        }

        return PersonalCodec.Decode(wire, new Op
        {
            Id = OpIdCodec.ToCore(wire.Id),
            Type = (OpType)wire.Type,
            Member = wire.Member.IsEmpty ? default : MemberId.FromBytes(wire.Member.Span),
            Moves = ToCore(wire.Moves),
            OccurredAtMs = wire.OccurredAtMs,
            Reference = wire.Reference is null ? null : OpIdCodec.ToCore(wire.Reference),
            RulesetVersion = wire.RulesetVersion,
            Terminal = wire.Terminal,
            Operator = wire.Operator,
            Cashier = wire.Cashier,
            Approver = wire.Approver,
            RequestId = wire.RequestId,
            BillMinor = wire.BillMinor,
            DiscountMinor = wire.DiscountMinor,
            OtherTenderMinor = wire.OtherTenderMinor,
            Profile = wire.Profile is null ? null : MemberCodec.ToCore(wire.Profile),
            Note = wire.Note,
            Tender = (Tender)wire.Tender,
            PromisedBonusMinor = wire.PromisedBonusMinor,
            OtherMember = MergeCodec.Member(wire.OtherMember),
            ClosedUpTo = wire.ClosedUpTo,
            Stamp = PersonalCodec.ToCore(wire.Stamp),
        });
    }
}
