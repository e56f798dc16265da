using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>Core values as the messages that a till reads.</summary>
internal static class Answers
{
    public static V1.Available Available(MemberHere member, TillCall call, StoreId here, IReadOnlyDictionary<int, string> names)
    {
        var day = Calendar.DayOf(call.NowMs);
        var available = new V1.Available
        {
            HereMinor = member.HereMinor(day),
            ConfirmedMinor = member.ConfirmedMoney(day),
            AsOfMs = member.Replica?.AsOfMs ?? 0,
            Online = call.IsOnline,
            PointsHere = member.PointsHere,
            PointsConfirmed = member.ConfirmedOf(Bucket.Points),
            PendingMinor = member.ConfirmedOf(Bucket.Pending),
            CreditHereMinor = member.LineOf(Bucket.Credit).Available,
            ReceivableMinor = member.ReceivableMinor,
            PointsPending = member.PendingPoints,
        };
        var elsewhere = (member.Replica?.Holdings ?? [])
            .Where(holding => holding.Store != here && holding.Bucket.IsMoney && MemberHere.IsValid(holding.Bucket, day))
            .GroupBy(holding => holding.Store).OrderBy(group => group.Key);
        available.Elsewhere.AddRange(elsewhere.Select(group => new V1.ElsewhereShare
        {
            Store = group.Key.Value,
            StoreName = names.GetValueOrDefault(group.Key.Value) ?? (group.Key.Value == 0 ? "Headquarters" : $"Store {group.Key}"),
            AmountMinor = group.Sum(holding => holding.AmountMinor),
        }));
        return available;
    }

    public static V1.MemberView View(MemberHere member, V1.Available available, Ruleset rules)
    {
        var profile = MemberShelf.ProfileOfMember(member);
        var view = new V1.MemberView
        {
            MemberId = member.Id.ToString(),
            Name = profile.Name,
            PhoneMasked = Mask.Number(profile.Phone),
            Card = profile.Card,
            Tier = rules.TierFor(member.Replica?.LifetimeSpendMinor ?? 0).Name,
            HomeStore = profile.HomeStore.Value,
            Available = available,
            Email = profile.Email,
        };
        view.Tags.AddRange(member.TagsHere.Select(dot => dot.Tag).Distinct().Order(StringComparer.Ordinal));
        view.Pending.AddRange((member.Replica?.Pending ?? []).Concat(member.FieldEdits.Where(edit => !edit.Counts).Select(edit => edit.Change)).Select(change => (V1.ProfileField)change.Field).Distinct());
        view.Buckets.AddRange(member.Buckets.Select(bucket => new V1.BucketView
        {
            Bucket = BucketCodec.ToWire(bucket),
            Here = member.LineOf(bucket).Available,
            Confirmed = member.ConfirmedOf(bucket),
        }));
        return view;
    }

    /// <summary>The receipt of an op. Discount and points value stand together in an op; <paramref name="price"/> tells them apart.</summary>
    public static V1.Receipt Receipt(Op op, Price price, string terms)
    {
        // A void of a top-up takes back what the top-up gave, and shows it in the same fields.
        var isTopUpUndone = op.Type == OpType.Void && op.MoneyMinor(MoveKind.Debit) > 0;
        var isMoneyIn = op.Type == OpType.TopUp || isTopUpUndone || op is { Type: OpType.Adjust, Reference: not null };
        var way = op.Type == OpType.Sale || isTopUpUndone ? MoveKind.Debit : MoveKind.Credit;
        var isByHand = op is { Type: OpType.Adjust, Reference: null };
        var principal = op.AmountOf(way, Bucket.Principal);
        var bonus = op.MoneyMinor(way) - principal;
        return new V1.Receipt
        {
            Op = OpIdCodec.ToWire(op.Id),
            Type = (V1.OpType)op.Type,
            MemberId = op.Member.ToString(),
            OccurredAtMs = op.OccurredAtMs,
            BillMinor = op.BillMinor,
            DiscountMinor = op.DiscountMinor - price.PointsValueMinor,
            PointsValueMinor = price.PointsValueMinor,
            OtherTenderMinor = op.OtherTenderMinor,
            PaidPrincipalMinor = isMoneyIn || isByHand ? 0 : principal,
            PaidBonusMinor = isMoneyIn || isByHand ? 0 : bonus,
            ToppedUpMinor = isMoneyIn ? principal : 0,
            BonusMinor = isMoneyIn ? bonus : 0,
            OnAccountMinor = op.OnAccountMinor - op.AmountOf(MoveKind.Settle, Bucket.Principal),
            PendingMinor = op.Type == OpType.TopUp ? op.AmountOf(MoveKind.Credit, Bucket.Pending) : 0,
            AdjustedMinor = isByHand ? op.MoneyMinor(MoveKind.Credit) - op.MoneyMinor(MoveKind.Debit) : 0,
            PointsEarned = op.AmountOf(MoveKind.Credit, Bucket.Points),
            PointsSpent = op.AmountOf(MoveKind.Debit, Bucket.Points),
            Terms = op.Type == OpType.TopUp ? terms : "",
            Cashier = op.Cashier,
            Approver = op.Approver,
        };
    }

    /// <summary>A refusal as the answer message of the method that was called; null where that method has no field for one.</summary>
    public static Google.Protobuf.IMessage? Refusal(Google.Protobuf.IMessage request, V1.Rejection rejection) => request switch
    {
        V1.RegisterRequest or V1.SetProfileRequest or V1.TagRequest or V1.UntagRequest or V1.IdentifyTillRequest or V1.BalanceRequest => new V1.IdentifyAnswer { Rejection = rejection },
        V1.SignInRequest => new V1.SignInAnswer { Rejection = rejection },
        V1.QuoteRequest => new V1.QuoteAnswer { Rejection = rejection },
        V1.CloseDayRequest => new V1.CloseDayAnswer { Rejection = rejection },
        V1.ShowReceiptRequest => new V1.ShowReceiptAnswer { Rejection = rejection },
        V1.HandInRequest => new V1.HandInAnswer { Rejection = rejection },
        V1.LastReceiptsRequest or V1.StatusRequest or V1.SignOutRequest => null,
        _ => new V1.OpAnswer { Rejection = rejection },
    };
}
