using Google.Protobuf;
using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Events and state of merges between the hub's journal and the core.</summary>
internal static class MergeCodec
{
    /// <summary>Fills a record with an event of a merge.</summary>
    public static void Encode(AppliedEvent applied, Wire.MemberEventRecord record)
    {
        switch (applied.Event)
        {
            case MergeOffered offered:
                record.MergeOffered = new Wire.MergeOfferedEvent { Loser = Bytes(offered.Loser), Operator = offered.Operator, Reason = offered.Reason };
                break;
            case MergeOfferWithdrawn withdrawn:
                record.MergeOfferWithdrawn = new Wire.MergeOfferWithdrawnEvent { Loser = Bytes(withdrawn.Loser), Reason = withdrawn.Reason };
                break;
            case MergedInto merged:
                record.MergedInto = new Wire.MergedIntoEvent { Survivor = Bytes(merged.Survivor), Offer = merged.Offer, Operator = merged.Operator, Reason = merged.Reason };
                break;
            case ValueSent sent:
                record.ValueSent = ToWire(sent.To, sent.Totals, applied.Outcome);
                break;
            case ValueTaken taken:
                record.ValueTaken = ToWire(taken.From, taken.Totals, applied.Outcome);
                break;
            case AliasTaken taken:
                record.AliasTaken = ToWire(taken.Alias, taken.News);
                break;
            case AliasReleased released:
                record.AliasReleased = new Wire.AliasReleasedEvent { Alias = Bytes(released.Alias), Operator = released.Operator, Reason = released.Reason };
                break;
            case MergeUndone undone:
                record.MergeUndone = new Wire.MergeUndoneEvent { Survivor = Bytes(undone.Survivor), Operator = undone.Operator, Reason = undone.Reason };
                break;
            default:
                throw new InvalidOperationException($"No record for {applied.Event.GetType().Name}.");
        }
    }

    /// <summary>Reads an event of a merge.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static MemberEvent Decode(Wire.MemberEventRecord record) => record.EventCase switch
    {
        Wire.MemberEventRecord.EventOneofCase.MergeOffered => new MergeOffered(Member(record.MergeOffered.Loser), record.MergeOffered.Operator, record.MergeOffered.Reason),
        Wire.MemberEventRecord.EventOneofCase.MergeOfferWithdrawn => new MergeOfferWithdrawn(Member(record.MergeOfferWithdrawn.Loser), record.MergeOfferWithdrawn.Reason),
        Wire.MemberEventRecord.EventOneofCase.MergedInto => new MergedInto(Member(record.MergedInto.Survivor), record.MergedInto.Offer, record.MergedInto.Operator, record.MergedInto.Reason),
        Wire.MemberEventRecord.EventOneofCase.ValueSent => new ValueSent(Member(record.ValueSent.Peer), ToCore(record.ValueSent)),
        Wire.MemberEventRecord.EventOneofCase.ValueTaken => new ValueTaken(Member(record.ValueTaken.Peer), ToCore(record.ValueTaken)),
        Wire.MemberEventRecord.EventOneofCase.AliasTaken => new AliasTaken(Member(record.AliasTaken.Alias), ToCore(record.AliasTaken)),
        Wire.MemberEventRecord.EventOneofCase.AliasReleased => new AliasReleased(Member(record.AliasReleased.Alias), record.AliasReleased.Operator, record.AliasReleased.Reason),
        Wire.MemberEventRecord.EventOneofCase.MergeUndone => new MergeUndone(Member(record.MergeUndone.Survivor), record.MergeUndone.Operator, record.MergeUndone.Reason),
        _ => throw new InvalidDataException($"Unknown member event {record.EventCase}."),
    };

    /// <summary>What a snapshot keeps of merges.</summary>
    public static void Encode(MemberState state, Wire.MemberSnapshot wire)
    {
        wire.AliasOffer = state.AliasOffer;
        wire.AliasOf = state.IsAlias ? Bytes(state.AliasOf) : ByteString.Empty;
        wire.Offers.AddRange(state.Offers.Select(offer => new Wire.OfferState { Loser = Bytes(offer.Key), Version = offer.Value.Version, Operator = offer.Value.Operator, Reason = offer.Value.Reason, LimitSet = offer.Value.IsLimitSet }));
        foreach (var (id, alias) in state.Aliases)
        {
            var snapshot = new Wire.AliasSnapshot { News = ToWire(id, alias.News), Offer = alias.Offer };
            snapshot.Contributed.AddRange(alias.Contributed.Select(part => new Wire.MovedTotal { Bucket = BucketCodec.ToWire(part.Key), Total = part.Value }));
            wire.Aliases.Add(snapshot);
        }

        wire.Survivors.AddRange(state.Survivors.Select(Bytes));
        wire.Sent.AddRange(state.Sent.Select(sums => ToWire(sums.Key, sums.Value.Totals, null)));
        wire.Taken.AddRange(state.Taken.Select(sums => ToWire(sums.Key, sums.Value.Totals, null)));
    }

    /// <summary>Reads what a snapshot keeps of merges.</summary>
    public static void Decode(Wire.MemberSnapshot wire, MemberState state)
    {
        state.AliasOf = Member(wire.AliasOf);
        state.AliasOffer = wire.AliasOffer;
        foreach (var offer in wire.Offers)
        {
            state.Offers[Member(offer.Loser)] = new MergeOffer(offer.Version, offer.Operator, offer.Reason) { IsLimitSet = offer.LimitSet };
        }

        foreach (var snapshot in wire.Aliases)
        {
            var alias = new AliasState { Offer = snapshot.Offer, News = ToCore(snapshot.News) };
            foreach (var part in snapshot.Contributed)
            {
                alias.Contributed[BucketCodec.ToCore(part.Bucket)] = part.Total;
            }

            state.Aliases[Member(snapshot.News.Alias)] = alias;
        }

        Decode(wire.Sent, state.Sent);
        Decode(wire.Taken, state.Taken);
        // One of before survivors were noted: whoever value was sent to, and some that did not survive it, which know nothing of its ops.
        state.Survivors.UnionWith(wire.Survivors.Count > 0 ? wire.Survivors.Select(Member) : state.IsAlias ? state.Sent.Keys.Append(state.AliasOf) : state.Sent.Keys);
    }

    /// <summary>A member's number, which may be missing.</summary>
    public static MemberId Member(ByteString bytes) => bytes.Length == 16 ? MemberId.FromBytes(bytes.Span) : default;

    /// <summary>A member's number for the wire.</summary>
    public static ByteString Bytes(MemberId member) => UnsafeByteOperations.UnsafeWrap(member.ToBytes());

    private static void Decode(IEnumerable<Wire.ValueMovedEvent> wire, SortedDictionary<MemberId, TransferSums> into)
    {
        foreach (var moved in wire)
        {
            into[Member(moved.Peer)] = new TransferSums();
            into[Member(moved.Peer)].Raise(ToCore(moved));
        }
    }

    private static Wire.ValueMovedEvent ToWire(MemberId peer, TransferTotals totals, OpOutcome? outcome)
    {
        var wire = new Wire.ValueMovedEvent { Peer = Bytes(peer) };
        wire.Lines.AddRange(totals.Lines.Select(line => new Wire.MovedTotal { Bucket = BucketCodec.ToWire(line.Bucket), Total = line.TotalMinor }));
        wire.Parcels.AddRange(totals.Parcels.Select(parcel => new Wire.PrincipalParcel { OriginStore = parcel.OriginStore.Value, Terms = parcel.Terms, RemainingMinor = parcel.TotalMinor }));
        wire.Entries.AddRange((outcome?.Transaction ?? LedgerTransaction.Empty).Entries.Select(ValueEventCodec.ToWire));
        return wire;
    }

    private static TransferTotals ToCore(Wire.ValueMovedEvent wire) => new(
        [.. wire.Lines.Select(line => new BucketTotal(BucketCodec.ToCore(line.Bucket), line.Total))],
        [.. wire.Parcels.Select(parcel => new ParcelTotal(new StoreId(parcel.OriginStore), parcel.Terms, parcel.RemainingMinor))]);

    private static Wire.AliasTakenEvent ToWire(MemberId alias, AliasNews news)
    {
        var wire = new Wire.AliasTakenEvent { Alias = Bytes(alias), Version = news.Version, LifetimeSpendMinor = news.LifetimeSpendMinor, LargestBasketMinor = news.LargestBasketMinor, OwesMinor = news.OwesMinor, ReceivedMinor = news.ReceivedMinor, CreditLimitMinor = news.CreditLimitMinor };
        wire.Visits.AddRange(news.Visits.Select(visit => new Wire.VisitState { Store = visit.Store.Value, Weight = visit.Weight }));
        wire.Followers.AddRange(news.Followers.Select(store => store.Value));
        wire.Held.AddRange(news.Held.Select(held => new Wire.Holding { Bucket = BucketCodec.ToWire(held.Bucket), Store = held.Store.Value, AmountMinor = held.AmountMinor }));
        wire.Tags.AddRange(news.Tags.Select(PersonalCodec.ToWire));
        return wire;
    }

    private static AliasNews ToCore(Wire.AliasTakenEvent wire) => new(
        wire.Version,
        wire.LifetimeSpendMinor,
        wire.LargestBasketMinor,
        [.. wire.Visits.Select(visit => new Visit(new StoreId(visit.Store), visit.Weight))],
        [.. wire.Followers.Select(store => new StoreId(store))],
        [.. wire.Held.Select(held => new Holding(BucketCodec.ToCore(held.Bucket), new StoreId(held.Store), held.AmountMinor))],
        [.. wire.Tags.Select(PersonalCodec.ToCore)])
    {
        OwesMinor = wire.OwesMinor,
        ReceivedMinor = wire.ReceivedMinor,
        CreditLimitMinor = wire.CreditLimitMinor,
    };
}
