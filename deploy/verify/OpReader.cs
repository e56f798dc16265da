using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Ops out of bytes, and what every op must say of itself.</summary>
internal static class OpReader
{
    // 1000 times what one till request may name. The hub moves no value for an op beyond it.
    private const long LargestMoveMinor = 1_000_000_000_000;

    /// <summary>The op, or null with the reason where the bytes are none.</summary>
    public static OpEnvelope? TryRead(byte[] bytes, out string fault)
    {
        fault = "";
        try
        {
            var op = OpEnvelope.Parser.ParseFrom(bytes);
            if (op.Id is not null && op.Member.Length is 0 or 16)
            {
                return op;
            }

            fault = op.Id is null ? "it has no id" : $"its member has {op.Member.Length} bytes instead of 16";
        }
        catch (InvalidProtocolBufferException error)
        {
            fault = error.Message;
        }

        return null;
    }

    /// <summary>Whether the op names the place where it lies.</summary>
    public static bool IsNamed(OpEnvelope op, ProducerId producer, long sequence) =>
        op.Id.Store == producer.Store && op.Id.Incarnation == producer.Incarnation && op.Id.Sequence == sequence;

    /// <summary>The member whom the op is about; zero for none.</summary>
    public static UInt128 MemberOf(OpEnvelope op) => op.Member.IsEmpty ? UInt128.Zero : BinaryPrimitives.ReadUInt128BigEndian(op.Member.Span);

    /// <summary>The other member of an op between two; zero for none.</summary>
    public static UInt128 OtherMemberOf(OpEnvelope op) => op.OtherMember.Length == 16 ? BinaryPrimitives.ReadUInt128BigEndian(op.OtherMember.Span) : UInt128.Zero;

    /// <summary>Why the hub must park the op, that is keep it and move no value; null where it is sound.</summary>
    public static string? FindDefect(OpEnvelope op)
    {
        if (op.Type is not (OpType.TopUp or OpType.Sale or OpType.Redeem or OpType.Void or OpType.Refund or OpType.Relinquish or OpType.RegisterMember or OpType.CloseDay or OpType.CloseIncarnation or OpType.Adjust or OpType.ProfileSet or OpType.TagAdd or OpType.TagRemove or OpType.AliasOut or OpType.AliasIn or OpType.Unfollow or OpType.Follow))
        {
            return $"op type {(int)op.Type} is not known";
        }

        if (op.Type is not (OpType.CloseDay or OpType.CloseIncarnation) && MemberOf(op) == UInt128.Zero)
        {
            return "the op names no member";
        }

        if (FindDefectOfWhole(op) is { } whole)
        {
            return whole;
        }

        if (op.Type is OpType.AliasOut or OpType.AliasIn)
        {
            var way = op.Type == OpType.AliasOut ? MoveKind.Debit : MoveKind.Credit;
            if (op.OtherMember.Length != 16 || OtherMemberOf(op) == MemberOf(op) || OtherMemberOf(op) == UInt128.Zero || op.Moves.Any(move => move.Kind != way))
            {
                return "it moves value between a merged member and its survivor, and does not say so soundly";
            }
        }

        var seen = new HashSet<(MoveKind, BucketKey)>();
        foreach (var move in op.Moves)
        {
            var bucket = BucketKey.Of(move.Bucket);
            var defect = move.AmountMinor is <= 0 or > LargestMoveMinor ? $"a move of {move.AmountMinor}"
                : !bucket.IsKnown ? $"bucket kind {(int)bucket.Kind} is not known"
                : bucket.IsMisplacedLot ? $"a lot in bucket kind {(int)bucket.Kind}"
                : move.Kind is < MoveKind.Credit or > MoveKind.Settle ? $"move kind {(int)move.Kind} is not known"
                : (move.Kind == MoveKind.Relinquish) != (op.Type == OpType.Relinquish) ? $"a move of kind {move.Kind} in an op of type {op.Type}"
                : bucket.Kind == BucketKind.Pending && !MayMovePending(op, move.Kind) ? $"pending value moved by a {op.Type}"
                : !IsRightOnAccount(op.Type, move.Kind, bucket.Kind) ? $"{move.Kind} of bucket kind {(int)bucket.Kind} in a {op.Type}"
                : !seen.Add((move.Kind, bucket)) ? "two moves of one kind on one bucket"
                : null;
            if (defect is not null)
            {
                return defect;
            }
        }

        return null;
    }

    private static string? FindDefectOfWhole(OpEnvelope op)
    {
        long[] amounts = [op.BillMinor, op.DiscountMinor, op.OtherTenderMinor, op.PromisedBonusMinor];
        return op.Type switch
        {
            _ when amounts.Any(amount => amount is < 0 or > LargestMoveMinor) => "an amount beyond all measure",
            OpType.CloseIncarnation when op.Moves.Count > 0 || MemberOf(op) != UInt128.Zero => "the end of a life is about a member",
            OpType.CloseDay or OpType.RegisterMember or OpType.ProfileSet or OpType.TagAdd or OpType.TagRemove or OpType.Unfollow or OpType.Follow when op.Moves.Count > 0 => "value moves where none belong",
            OpType.Void or OpType.Refund when op.Reference is null => "it undoes no op",
            OpType.Adjust when op.Moves.Count == 0 => "it adjusts nothing",
            _ => null,
        };
    }

    private static bool MayMovePending(OpEnvelope op, MoveKind kind) => (kind, op.Type) switch
    {
        (MoveKind.Credit, OpType.TopUp) or (MoveKind.Debit, OpType.Void) => true,
        (MoveKind.Debit, OpType.Adjust) => op.Reference is not null,
        _ => false,
    };

    private static bool IsRightOnAccount(OpType type, MoveKind kind, BucketKind bucket) => kind switch
    {
        MoveKind.Advance => (type == OpType.Sale && bucket == BucketKind.Principal) || (type == OpType.Void && bucket is (BucketKind.Principal or BucketKind.Lot)),
        MoveKind.Settle => type is OpType.Void or OpType.Refund && bucket == BucketKind.Principal,
        MoveKind.Debit when bucket == BucketKind.Credit => type == OpType.Sale,
        MoveKind.Credit when bucket == BucketKind.Credit => false,
        _ => true,
    };
}
