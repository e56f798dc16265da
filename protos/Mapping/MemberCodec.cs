using Google.Protobuf;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Rights;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Members between the wire and the core: profiles, the change a store receives, and what HQ reads.</summary>
public static class MemberCodec
{
    /// <summary>For the wire.</summary>
    public static Wire.MemberProfile ToWire(MemberProfile profile) => new()
    {
        Name = profile.Name,
        Phone = profile.Phone,
        Card = profile.Card,
        HomeStore = profile.HomeStore.Value,
        Notes = profile.Notes,
        Email = profile.Email,
    };

    /// <summary>From the wire.</summary>
    public static MemberProfile ToCore(Wire.MemberProfile wire) => new(wire.Name, wire.Phone, wire.Card, new StoreId(wire.HomeStore), wire.Notes) { Email = wire.Email };

    /// <summary>A member as one holder should see it.</summary>
    public static Wire.MemberDelta ToDelta(MemberView view, Holder receiver, Ruleset rules, int hubTerm)
    {
        var delta = new Wire.MemberDelta
        {
            Member = UnsafeByteOperations.UnsafeWrap(view.Id.ToBytes()),
            Version = view.Version,
            HubTerm = hubTerm,
            Profile = ToWire(view.Profile),
            Tier = rules.TierFor(view.LifetimeSpendMinor).Name,
            LifetimeSpendMinor = view.LifetimeSpendMinor,
            RecordedAtMs = view.RecordedAtMs,
            UsualBasketMinor = view.LargestBasketMinor,
            ReceivableMinor = view.ReceivableMinor,
            CreditLimitMinor = view.CreditLimitMinor,
        };
        if (view.Floor.TryGetValue(receiver, out var floor))
        {
            (delta.OwnAdvancedMinor, delta.OwnFloorSettledMinor) = (floor.AdvancedMinor, floor.SettledMinor);
        }

        for (var i = 0; i < view.Buckets.Count; i++)
        {
            AddBucket(delta, view.Buckets[i], receiver);
        }

        AddMerge(delta, view, receiver);
        return delta;
    }

    /// <summary>What a store keeps of a change.</summary>
    public static Replica ToReplica(Wire.MemberDelta delta) => new()
    {
        Version = delta.Version,
        HubTerm = delta.HubTerm,
        Profile = delta.Profile is null ? MemberProfile.Empty : ToCore(delta.Profile),
        LifetimeSpendMinor = delta.LifetimeSpendMinor,
        ReceivableMinor = delta.ReceivableMinor,
        FloorAdvancedMinor = delta.OwnAdvancedMinor,
        FloorSettledMinor = delta.OwnFloorSettledMinor,
        AsOfMs = delta.RecordedAtMs,
        Holdings = [.. delta.Holdings.Select(holding => new Holding(BucketCodec.ToCore(holding.Bucket), new StoreId(holding.Store), holding.AmountMinor))],
        AliasOf = MergeCodec.Member(delta.AliasOf),
        Tags = [.. (delta.Detail?.Tags ?? []).Select(PersonalCodec.ToCore)],
        Pending = [.. (delta.Detail?.Pending ?? []).Select(PersonalCodec.ToCore)],
        OwnApplied = delta.Detail?.OwnApplied ?? 0,
        IsErased = delta.Detail?.Erased ?? false,
        Aliases = [.. (delta.Detail?.Aliases ?? []).Select(MergeCodec.Member)],
        OwnLines = delta.OwnLines.ToDictionary(line => BucketCodec.ToCore(line.Bucket), line => new AgentLine(line.Granted, line.Credited, line.Debited, line.Relinquished)),
    };

    /// <summary>The wallet as HQ reads it.</summary>
    public static Wire.Wallet ToWallet(MemberView view, string currency)
    {
        var wallet = new Wire.Wallet
        {
            MemberId = view.Id.ToString(),
            Version = view.Version,
            Currency = currency,
            PrincipalMinor = view.Buckets.Where(bucket => bucket.Bucket.Kind == BucketKind.Principal).Sum(bucket => bucket.Total),
            BonusMinor = view.Buckets.Where(bucket => bucket.Bucket.Kind == BucketKind.Lot).Sum(bucket => bucket.Total),
            Points = view.Buckets.Where(bucket => bucket.Bucket.Kind == BucketKind.Points).Sum(bucket => bucket.Total),
        };
        (wallet.CreditLimitMinor, wallet.ReceivableMinor) = (view.CreditLimitMinor, view.ReceivableMinor);
        wallet.PendingMinor = view.Buckets.Where(bucket => bucket.Bucket.Kind == BucketKind.Pending).Sum(bucket => bucket.Total);
        foreach (var bucket in view.Buckets)
        {
            var wire = new Wire.WalletBucket { Bucket = BucketCodec.ToWire(bucket.Bucket), Total = bucket.Total, Pool = bucket.Pool, LossMinor = bucket.Loss, BreakageMinor = bucket.Breakage };
            wire.Lines.AddRange(bucket.Lines.Select(ToWire));
            wallet.Buckets.Add(wire);
        }

        wallet.PrincipalParcels.AddRange(view.Parcels.Select(ToWire));
        wallet.HeldUnderAliasesMinor = view.HeldByAliases.Where(held => held.Bucket.IsMoney).Sum(held => held.AmountMinor);
        return wallet;
    }

    /// <summary>The member as HQ reads it.</summary>
    /// <param name="view">The member.</param>
    /// <param name="rules">By which its tier is told.</param>
    /// <param name="isMasked">Whether personal data are hidden from the reader.</param>
    public static Wire.MemberRecord ToRecord(MemberView view, Ruleset rules, bool isMasked)
    {
        var record = new Wire.MemberRecord
        {
            MemberId = view.Id.ToString(),
            Version = view.Version,
            Profile = ToWire(isMasked ? view.Profile.Masked() : view.Profile),
            Masked = isMasked,
            Tier = rules.TierFor(view.LifetimeSpendMinor).Name,
            LifetimeSpendMinor = view.LifetimeSpendMinor,
            RecordedAtMs = view.RecordedAtMs,
            AliasOf = view.AliasOf == default ? "" : view.AliasOf.ToString(),
        };
        record.Aliases.AddRange(view.Aliases.Select(alias => alias.ToString()));
        record.Tags.AddRange(view.Tags.Select(dot => dot.Tag).Distinct().Order(StringComparer.Ordinal));
        record.Pending.AddRange(view.Pending.Select(change => PersonalCodec.ToWire(isMasked ? change with { Value = Mask.Value(change.Field, change.Value) } : change)));
        record.Erased = view.IsErased;
        return record;
    }

    internal static Wire.PrincipalParcel ToWire(PrincipalParcel parcel) => new()
    {
        OriginStore = parcel.OriginStore.Value,
        Terms = parcel.Terms,
        RemainingMinor = parcel.RemainingMinor,
    };

    internal static Wire.RightLine ToWire(LineView line) => new()
    {
        Store = line.Holder.Store.Value,
        Incarnation = line.Holder.Incarnation.Value,
        Granted = line.Granted,
        Credited = line.Credited,
        Debited = line.Debited,
        Relinquished = line.Relinquished,
        Disowned = line.Disowned,
        Outstanding = line.Outstanding,
        Payer = line.Payer,
    };

    private static void AddMerge(Wire.MemberDelta delta, MemberView view, Holder receiver)
    {
        delta.AliasOf = view.AliasOf == default ? ByteString.Empty : MergeCodec.Bytes(view.AliasOf);
        // What the receiver holds on an alias's line it knows better than the hub, and has moved or will move by itself.
        foreach (var held in view.HeldByAliases)
        {
            if (held.Store != receiver.Store)
            {
                delta.Holdings.Add(new Wire.Holding { Bucket = BucketCodec.ToWire(held.Bucket), Store = held.Store.Value, AmountMinor = held.AmountMinor });
            }
        }

        delta.Detail = new Wire.MemberDetail
        {
            OwnApplied = view.AppliedOf(receiver),
            NewestStamp = PersonalCodec.ToWire(view.NewestStamp),
            Erased = view.IsErased,
        };
        if (view.Aliases.Count + view.Tags.Count + view.Pending.Count > 0)
        {
            delta.Detail.Aliases.AddRange(view.Aliases.Select(MergeCodec.Bytes));
            delta.Detail.Tags.AddRange(view.Tags.Select(PersonalCodec.ToWire));
            delta.Detail.Pending.AddRange(view.Pending.Select(PersonalCodec.ToWire));
        }
    }

    private static void AddBucket(Wire.MemberDelta delta, BucketView bucket, Holder receiver)
    {
        var wire = BucketCodec.ToWire(bucket.Bucket);
        if (bucket.Pool != 0)
        {
            delta.Holdings.Add(new Wire.Holding { Bucket = wire, Store = 0, AmountMinor = bucket.Pool });
        }

        for (var i = 0; i < bucket.Lines.Count; i++)
        {
            var line = bucket.Lines[i];
            if (line.Outstanding != 0)
            {
                delta.Holdings.Add(new Wire.Holding { Bucket = wire, Store = line.Holder.Store.Value, AmountMinor = line.Outstanding });
            }

            if (line.Holder == receiver)
            {
                delta.OwnLines.Add(new Wire.OwnLine
                {
                    Bucket = wire,
                    Granted = line.Granted,
                    Credited = line.Credited,
                    Debited = line.Debited,
                    Relinquished = line.Relinquished,
                    Incarnation = line.Holder.Incarnation.Value,
                });
            }
        }
    }
}
