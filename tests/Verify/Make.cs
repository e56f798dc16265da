using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify.Tests;

/// <summary>Messages and keys, short enough that a test reads as its story.</summary>
internal static class Make
{
    public const string Eur = "EUR";
    public const string Points = "POINTS";
    public const long Incarnation = (1L << 32) | 1;

    public static readonly UInt128 Ann = new(0x0190_0000_0000_0001, 0x1111_2222_3333_4444);
    public static readonly UInt128 Bob = new(0x0190_0000_0000_0002, 0x1111_2222_3333_4444);
    public static readonly UInt128 Cy = new(0x0190_0000_0000_0003, 0x1111_2222_3333_4444);

    public static ProducerId Store(int store) => new(store, Incarnation);

    public static byte[] Key(UInt128 member)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, member);
        return bytes;
    }

    public static Bucket Principal => new() { Kind = BucketKind.Principal };

    public static Bucket PointsBucket => new() { Kind = BucketKind.Points };

    public static Bucket Lot => new() { Kind = BucketKind.Lot, Lot = new LotId { OriginStore = 1, Terms = 1, ExpiryDay = 20_700 } };

    public static Move Credit(Bucket bucket, long amount, long seen = 0) => Move(MoveKind.Credit, bucket, amount, seen);

    public static Move Debit(Bucket bucket, long amount, long seen = 0) => Move(MoveKind.Debit, bucket, amount, seen);

    public static Move Relinquish(Bucket bucket, long amount) => Move(MoveKind.Relinquish, bucket, amount, 0);

    public static OpEnvelope Op(OpType type, UInt128 member, params Move[] moves)
    {
        var op = new OpEnvelope { Schema = 1, Type = type, Member = ByteString.CopyFrom(Key(member)), OccurredAtMs = 1_790_000_000_000, RulesetVersion = 1, Terminal = "till 1", Operator = "Kim" };
        op.Moves.AddRange(moves);
        return op;
    }

    public static LedgerEntry Entry(string account, long amount, string asset = Eur) => new() { Account = account, Asset = asset, AmountMinor = amount };

    private static Move Move(MoveKind kind, Bucket bucket, long amount, long seen) => new() { Kind = kind, Bucket = bucket, AmountMinor = amount, GrantedSeen = seen };
}
