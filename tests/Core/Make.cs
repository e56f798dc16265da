using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests;

/// <summary>Short ways to say what a test is about.</summary>
internal static class Make
{
    /// <summary>2026-03-10 12:00 UTC.</summary>
    public const long NowMs = 1_773_144_000_000;

    public static readonly Asset Currency = new("CNY");

    public static readonly MemberId Member = MemberId.Create(NowMs, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

    public static readonly Bucket Lot = Bucket.Of(new LotId(new StoreId(1), 1, Calendar.DayOf(NowMs) + 20));

    public static readonly Bucket LaterLot = Bucket.Of(new LotId(new StoreId(1), 1, Calendar.DayOf(NowMs) + 90));

    public static readonly Bucket ExpiredLot = Bucket.Of(new LotId(new StoreId(1), 1, Calendar.DayOf(NowMs) - 1));

    /// <summary>A ruleset in which everything is switched on and the numbers are easy to follow.</summary>
    public static readonly Ruleset Rules = new()
    {
        Version = 1,
        Name = "test",
        Currency = "CNY",
        SpendOrder = SpendOrder.BonusFirst,
        TopUp = new TopUpRules { Steps = [new TopUpStep(10_000, 1_000)], BonusValidMonths = 1 },
        Earn = new EarnRules { PerMinor = 100, Points = 1 },
        Redeem = new RedeemRules { MinimumPoints = 20, Points = 10, WorthMinor = 100, MaxBillPermille = 500 },
        Tiers = [new Tier { Name = "first" }, new Tier { Name = "second", FromSpendMinor = 100_000, DiscountPermille = 100, EarnPermille = 2000 }],
    };

    public static Holder Holder(int store) => new(new StoreId(store), Incarnation.Of(1, store));

    public static OpId Id(long sequence, int store = 1) => new(Holder(store), sequence);

    public static TillContext Context(string requestId = "request-1") => new(requestId, "till-1", "kim", NowMs);

    /// <summary>A member at a store with so much available in each bucket, all of it granted.</summary>
    public static MemberHere Here(params (Bucket Bucket, long AvailableMinor)[] lines)
    {
        var member = new MemberHere(Member);
        foreach (var (bucket, available) in lines)
        {
            member.Lines[bucket] = new AgentLine(available, 0, 0, 0);
        }

        return member;
    }

    /// <summary>The same member, and the hub has said that so much lies in each bucket, wherever.</summary>
    public static MemberHere Confirmed(this MemberHere member, params (Bucket Bucket, long TotalMinor)[] totals)
    {
        member.Replica = new Replica
        {
            Version = 1,
            Profile = MemberProfile.Empty,
            LifetimeSpendMinor = 0,
            AsOfMs = NowMs,
            Holdings = [.. totals.Select(total => new Holding(total.Bucket, default, total.TotalMinor))],
            OwnLines = new Dictionary<Bucket, AgentLine>(member.Lines),
        };
        return member;
    }

    public static Op Op(OpType type, params Move[] moves) => new() { Id = Id(1), Type = type, Member = Member, Moves = moves, RulesetVersion = 1 };

    public static Move Credit(Bucket bucket, long amount, long grantedSeen = 0) => new(MoveKind.Credit, bucket, amount, grantedSeen);

    public static Move Debit(Bucket bucket, long amount, long grantedSeen = 0) => new(MoveKind.Debit, bucket, amount, grantedSeen);

    public static Move Advance(long amount) => new(MoveKind.Advance, Bucket.Principal, amount, 0);

    public static Move Settle(long amount) => new(MoveKind.Settle, Bucket.Principal, amount, 0);

    public static Move Relinquish(Bucket bucket, long amount, long grantedSeen = 0) => new(MoveKind.Relinquish, bucket, amount, grantedSeen);
}
