using Google.Protobuf;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>A member's whole state between the hub's journal and the core.</summary>
public static class SnapshotCodec
{
    /// <summary>The payload of a snapshot.</summary>
    public static byte[] Encode(MemberState state)
    {
        var wire = new Wire.MemberSnapshot
        {
            Registered = state.Registered,
            Profile = MemberCodec.ToWire(state.Profile),
            LifetimeSpendMinor = state.LifetimeSpendMinor,
            RecordedAtMs = state.RecordedAtMs,
            LargestBasketMinor = state.LargestBasketMinor,
            CountsUndone = true,
        };
        CreditCodec.Write(state.Credit, wire);
        wire.Buckets.AddRange(state.Buckets.Select(ToWire));
        wire.Parcels.AddRange(state.Parcels.Select(MemberCodec.ToWire));
        wire.Followers.AddRange(state.Followers.Select(store => store.Value));
        wire.FollowWords.AddRange(state.FollowWords.Select(word => new Wire.FollowWord { Store = word.Key.Value, Incarnation = word.Value.Value }));
        wire.Visits.AddRange(state.Visits.Select(visit => new Wire.VisitState { Store = visit.Store.Value, Weight = visit.Weight }));
        wire.RecentBaskets.AddRange(state.RecentBaskets);
        wire.Producers.AddRange(state.Applied.Select(mark => new Wire.ProducerState { Store = mark.Key.Store.Value, Incarnation = mark.Key.Incarnation.Value, Sequence = mark.Value }));
        wire.Parked.AddRange(state.Parked.Select(mark => new Wire.ParkedProducer { Store = mark.Key.Store.Value, Incarnation = mark.Key.Incarnation.Value, SinceSequence = mark.Value, Life = state.ParkedBranches.GetValueOrDefault(mark.Key).Value }));
        MergeCodec.Encode(state, wire);
        wire.Undone.AddRange(state.Undone.Values.Select(RefundCodec.ToWire));
        wire.Personal = PersonalCodec.Encode(state.Personal);
        return wire.ToByteArray();
    }

    /// <summary>Fills a new state from a snapshot.</summary>
    /// <returns>False, with the state untouched, for a snapshot of before undone ops were counted: replay all records instead.</returns>
    public static bool Decode(byte[] payload, long version, MemberState state)
    {
        var wire = Wire.MemberSnapshot.Parser.ParseFrom(payload);
        if (!wire.CountsUndone && !Switches.IsOff(Mechanism.OldSnapshotsAreReplayed))
        {
            return false;
        }

        state.Version = version;
        state.Registered = wire.Registered;
        state.Profile = wire.Profile is null ? MemberProfile.Empty : MemberCodec.ToCore(wire.Profile);
        state.LifetimeSpendMinor = wire.LifetimeSpendMinor;
        state.RecordedAtMs = wire.RecordedAtMs;
        state.LargestBasketMinor = wire.LargestBasketMinor;
        CreditCodec.Read(wire, state.Credit);
        foreach (var bucket in wire.Buckets)
        {
            Decode(bucket, state.BucketOf(BucketCodec.ToCore(bucket.Bucket)));
        }

        state.Parcels.AddRange(wire.Parcels.Select(parcel => new PrincipalParcel(new StoreId(parcel.OriginStore), parcel.Terms, parcel.RemainingMinor)));
        state.Followers.AddRange(wire.Followers.Select(store => new StoreId(store)));
        foreach (var word in wire.FollowWords)
        {
            state.FollowWords[new StoreId(word.Store)] = new Incarnation(word.Incarnation);
        }

        state.Visits.AddRange(wire.Visits.Select(visit => new Visit(new StoreId(visit.Store), visit.Weight)));
        DecodeParked(wire, state);
        state.RecentBaskets.AddRange(wire.RecentBaskets);
        foreach (var undone in wire.Undone.Select(RefundCodec.ToCore))
        {
            state.Undone[undone.Id] = undone;
        }

        foreach (var producer in Switches.IsOff(Mechanism.SnapshotMarks) ? [] : wire.Producers)
        {
            state.Applied[new Holder(new StoreId(producer.Store), new Incarnation(producer.Incarnation))] = producer.Sequence;
        }

        MergeCodec.Decode(wire, state);
        if (wire.Personal is { } personal)
        {
            PersonalCodec.Decode(personal, state.Personal);
        }
        else if (state.Registered)
        {
            state.AdoptProfile(state.Profile, state.RecordedAtMs);
        }

        return true;
    }

    private static void DecodeParked(Wire.MemberSnapshot wire, MemberState state)
    {
        foreach (var parked in wire.Parked)
        {
            var chain = new Holder(new StoreId(parked.Store), new Incarnation(parked.Incarnation));
            state.Parked[chain] = parked.SinceSequence;
            if (parked.Life != 0)
            {
                state.ParkedBranches[chain] = new Incarnation(parked.Life);
            }
        }
    }

    private static Wire.WalletBucketState ToWire(BucketState bucket)
    {
        var wire = new Wire.WalletBucketState
        {
            Bucket = BucketCodec.ToWire(bucket.Bucket),
            Pool = bucket.Pool,
            Credited = bucket.Credited,
            Debited = bucket.Debited,
            Loss = bucket.Loss,
            Unbacked = bucket.Unbacked,
            Breakage = bucket.Breakage,
            MovedIn = bucket.MovedIn,
            MovedOut = bucket.MovedOut,
        };
        wire.Lines.AddRange(BucketView.Of(bucket).Lines.Select(MemberCodec.ToWire));
        return wire;
    }

    private static void Decode(Wire.WalletBucketState wire, BucketState bucket)
    {
        bucket.Pool = wire.Pool;
        bucket.Credited = wire.Credited;
        bucket.Debited = wire.Debited;
        bucket.Loss = wire.Loss;
        bucket.Unbacked = wire.Unbacked;
        bucket.Breakage = wire.Breakage;
        bucket.MovedIn = wire.MovedIn;
        bucket.MovedOut = wire.MovedOut;
        foreach (var source in wire.Lines)
        {
            var line = bucket.LineOf(new Holder(new StoreId(source.Store), new Incarnation(source.Incarnation)));
            line.Granted = source.Granted;
            line.Credited = source.Credited;
            line.Debited = source.Debited;
            line.Relinquished = source.Relinquished;
            line.Disowned = source.Disowned;
            line.Outstanding = source.Outstanding;
            line.Payer = source.Payer;
        }
    }
}
