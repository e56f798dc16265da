using Google.Protobuf;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Refund rights and what was undone, between the wire, the disks and the core.</summary>
public static class RefundCodec
{
    /// <summary>A right on its way to the store that holds it; also how that store keeps it.</summary>
    public static Wire.RefundRight ToWire(OwnOp op)
    {
        var wire = new Wire.RefundRight
        {
            Op = OpIdCodec.ToWire(op.Id),
            Type = (Wire.OpType)op.Type,
            Member = UnsafeByteOperations.UnsafeWrap(op.Member.ToBytes()),
            BillMinor = op.BillMinor,
            OtherTenderMinor = op.OtherTenderMinor,
            Incarnation = op.Right.Holder.Incarnation.Value,
            Since = op.Right.Since,
            Voided = op.IsVoided,
            Tender = (Wire.Tender)op.Tender,
        };
        wire.Moves.AddRange(op.Moves.Select(MoveCodec.ToWire));
        wire.GivenBack.AddRange(op.GivenBack.Select(MoveCodec.ToWire));
        return wire;
    }

    /// <summary>A right as its holder reads it.</summary>
    /// <param name="wire">The right; its op and a member of 16 bytes must be there.</param>
    /// <param name="holder">The store that received it.</param>
    public static OwnOp ToCore(Wire.RefundRight wire, StoreId holder) =>
        new(OpIdCodec.ToCore(wire.Op), (OpType)wire.Type, MemberId.FromBytes(wire.Member.Span), [.. wire.Moves.Select(MoveCodec.ToCore)], wire.BillMinor)
        {
            OtherTenderMinor = wire.OtherTenderMinor,
            GivenBack = [.. wire.GivenBack.Select(MoveCodec.ToCore)],
            Right = new RefundRight(new Holder(holder, new Incarnation(wire.Incarnation)), wire.Since),
            IsVoided = wire.Voided,
            Tender = (Tender)wire.Tender,
        };

    internal static Wire.RefundRightMovedEvent ToWire(RefundRightMoved moved)
    {
        var wire = new Wire.RefundRightMovedEvent
        {
            Op = OpIdCodec.ToWire(moved.Op),
            Store = moved.Right.Holder.Store.Value,
            Incarnation = moved.Right.Holder.Incarnation.Value,
            Since = moved.Right.Since,
            Payer = moved.Payer,
            Healed = moved.IsHealed,
        };
        wire.Left.AddRange(moved.Left.Select(MoveCodec.ToWire));
        return wire;
    }

    internal static RefundRightMoved ToCore(Wire.RefundRightMovedEvent wire) =>
        new(OpIdCodec.ToCore(wire.Op), RightOf(wire.Store, wire.Incarnation, wire.Since), [.. wire.Left.Select(MoveCodec.ToCore)]) { Payer = wire.Payer, IsHealed = wire.Healed };

    internal static Wire.UndoneOriginal? ToWire(Undoing? undoing)
    {
        if (undoing?.Original is not { } original)
        {
            return undoing is null ? null : new Wire.UndoneOriginal();
        }

        var wire = new Wire.UndoneOriginal
        {
            Found = true,
            Type = (Wire.OpType)original.Type,
            Member = UnsafeByteOperations.UnsafeWrap(original.Member.ToBytes()),
            BillMinor = original.BillMinor,
            OtherTenderMinor = original.OtherTenderMinor,
            Tender = (Wire.Tender)original.Tender,
            PromisedBonusMinor = original.PromisedBonusMinor,
        };
        wire.Moves.AddRange(original.Moves.Select(MoveCodec.ToWire));
        return wire;
    }

    internal static Undoing? ToCore(Wire.UndoneOriginal? wire, OpId? reference) => wire is null ? null
        : !wire.Found || reference is not { } id ? new Undoing(null)
        : new Undoing(new OwnOp(id, (OpType)wire.Type, wire.Member.IsEmpty ? default : MemberId.FromBytes(wire.Member.Span), [.. wire.Moves.Select(MoveCodec.ToCore)], wire.BillMinor)
        {
            OtherTenderMinor = wire.OtherTenderMinor,
            Tender = (Tender)wire.Tender,
            PromisedBonusMinor = wire.PromisedBonusMinor,
        });

    internal static Wire.UndoneState ToWire(UndoneOp undone)
    {
        var wire = new Wire.UndoneState { Op = OpIdCodec.ToWire(undone.Id), Voided = undone.IsVoided };
        if (undone.Right != RefundRight.AsLogged(undone.Id))
        {
            (wire.Store, wire.Incarnation, wire.Since) = (undone.Right.Holder.Store.Value, undone.Right.Holder.Incarnation.Value, undone.Right.Since);
        }

        wire.GivenBack.AddRange(undone.GivenBack.Select(MoveCodec.ToWire));
        wire.Former = undone.Former is { } former ? ToWire(former) : null;
        wire.FormerPayer = undone.FormerPayer;
        return wire;
    }

    internal static UndoneOp ToCore(Wire.UndoneState wire)
    {
        var undone = new UndoneOp(OpIdCodec.ToCore(wire.Op)) { IsVoided = wire.Voided, GivenBack = [.. wire.GivenBack.Select(MoveCodec.ToCore)], Former = wire.Former is { } former ? ToCore(former) : null, FormerPayer = wire.FormerPayer };
        return wire.Store == 0 ? undone : undone with { Right = RightOf(wire.Store, wire.Incarnation, wire.Since) };
    }

    private static RefundRight RightOf(int store, long incarnation, long since) => new(new Holder(new StoreId(store), new Incarnation(incarnation)), since);
}
