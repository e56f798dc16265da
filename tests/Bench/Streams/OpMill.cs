using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using OpId = SyncHub.V1.OpId;

namespace SyncHub.Bench.Streams;

/// <summary>Makes the ops of one store as its agent would: registrations, top-ups, and sales that the store's own rights cover.</summary>
internal static class OpMill
{
    /// <summary>What each member has to spend, minor units: enough for every run.</summary>
    private const long TopUpMinor = 1_000_000_000;

    private static long _number;

    /// <summary>A new member's number.</summary>
    public static MemberId NewMember() => new(((UInt128)(ulong)Environment.ProcessId << 96) + (UInt128)(ulong)Interlocked.Increment(ref _number) * 0x9E37_79B9_7F4A_7C15UL);

    /// <summary>The member comes to be.</summary>
    public static void Register(StoreStream store, MemberId member, string card)
    {
        var op = Begin(store, member, OpType.RegisterMember);
        op.Profile = new MemberProfile { Name = "Member " + card, Card = card, HomeStore = store.Holder.Store.Value };
        store.Append(op.ToByteArray());
    }

    /// <summary>The member pays in.</summary>
    public static void TopUp(StoreStream store, MemberId member)
    {
        var op = Begin(store, member, OpType.TopUp);
        op.BillMinor = TopUpMinor;
        op.Tender = Tender.Cash;
        op.Moves.Add(new Move { Kind = MoveKind.Credit, Bucket = new Bucket { Kind = BucketKind.Principal }, AmountMinor = TopUpMinor });
        store.Append(op.ToByteArray());
    }

    /// <summary>The member pays with the wallet and earns points.</summary>
    public static void Sell(StoreStream store, MemberId member)
    {
        var op = Begin(store, member, OpType.Sale);
        op.BillMinor = 100;
        op.Moves.Add(new Move { Kind = MoveKind.Debit, Bucket = new Bucket { Kind = BucketKind.Principal }, AmountMinor = 100 });
        op.Moves.Add(new Move { Kind = MoveKind.Credit, Bucket = new Bucket { Kind = BucketKind.Points }, AmountMinor = 1 });
        store.Append(op.ToByteArray());
    }

    /// <summary>The store hands all back that the member paid in and has not spent, but for one minor unit.</summary>
    public static void HandBack(StoreStream store, MemberId member)
    {
        var op = Begin(store, member, OpType.Relinquish);
        op.Moves.Add(new Move { Kind = MoveKind.Relinquish, Bucket = new Bucket { Kind = BucketKind.Principal }, AmountMinor = TopUpMinor - 101 });
        store.Append(op.ToByteArray());
    }

    private static OpEnvelope Begin(StoreStream store, MemberId member, OpType type) => new()
    {
        Schema = 1,
        Id = new OpId { Store = store.Holder.Store.Value, Incarnation = store.Holder.Incarnation.Value, Sequence = store.TipSequence + 1 },
        Type = type,
        Member = UnsafeByteOperations.UnsafeWrap(member.ToBytes()),
        OccurredAtMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
        RulesetVersion = 1,
        Terminal = "till-1",
        Operator = "anna",
        RequestId = Guid.NewGuid().ToString("N"),
    };
}
