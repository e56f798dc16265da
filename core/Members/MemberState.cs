using SyncHub.Core.Cases;
using SyncHub.Core.Credit;
using SyncHub.Core.Ledger;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>One visit weight: how often a member comes to a store, decayed at each visit to any store.</summary>
public readonly record struct Visit(StoreId Store, long Weight);

/// <summary>Everything that the hub knows of one member: the fold of the member's events, and nothing else.</summary>
/// <remarks>Owned by one grain; not thread-safe. It holds no pending work: what is not an event does not survive, by intention.</remarks>
public sealed partial class MemberState(MemberId id, Asset currency)
{
    // A store visited once in 300 visits is below one part in ten thousand: it need not be remembered.
    private const int RememberedStores = 8;
    private const int RememberedBaskets = 16;

    /// <summary>The weight of one visit, just made.</summary>
    public const long VisitUnit = 1_000_000;

    /// <summary>Whose state.</summary>
    public MemberId Id { get; } = id;

    /// <summary>The asset of money buckets.</summary>
    public Asset Currency { get; } = currency;

    /// <summary>How many events were applied; the version of the newest one.</summary>
    public long Version { get; set; }

    /// <summary>Whether a registration was seen. Facts about an unregistered member are kept all the same.</summary>
    public bool Registered { get; set; }

    /// <summary>Who the member is.</summary>
    public MemberProfile Profile { get; set; } = MemberProfile.Empty;

    /// <summary>Bills after discount, less what was given back; what tiers are computed from.</summary>
    public long LifetimeSpendMinor { get; set; }

    /// <summary>The largest recent payment, decaying by 2 % a visit.</summary>
    public long LargestBasketMinor { get; set; }

    /// <summary>What the newest sales came to in which the wallet paid, oldest first.</summary>
    public List<long> RecentBaskets { get; } = [];

    /// <summary>How large the next purchase will be; null where nothing is known.</summary>
    public BasketModel? Baskets => BasketModel.Of(RecentBaskets.Count == 0 && LargestBasketMinor > 0 ? [LargestBasketMinor] : RecentBaskets);

    /// <summary>When the hub wrote the newest event, Unix milliseconds.</summary>
    public long RecordedAtMs { get; set; }

    /// <summary>The buckets, ordered.</summary>
    public List<BucketState> Buckets { get; } = [];

    /// <summary>Principal by origin, oldest first.</summary>
    public List<PrincipalParcel> Parcels { get; } = [];

    /// <summary>What the member owes, and may owe.</summary>
    public MemberCredit Credit { get; } = new();

    /// <summary>Stores by visit weight, largest first.</summary>
    public List<Visit> Visits { get; } = [];

    /// <summary>The newest op of each holder about this member. An op at or below it was applied before.</summary>
    public SortedDictionary<Holder, long> Applied { get; } = [];

    /// <summary>What the member owns as money.</summary>
    public long MoneyMinor
    {
        get
        {
            long sum = 0;
            foreach (var bucket in Buckets)
            {
                sum = checked(sum + (bucket.Bucket.IsMoney ? bucket.Total : 0));
            }

            return sum;
        }
    }

    /// <summary>What the member owns in one bucket.</summary>
    public long TotalOf(Bucket bucket) => Find(bucket)?.Total ?? 0;

    /// <summary>The bucket's state, or null.</summary>
    public BucketState? Find(Bucket bucket)
    {
        foreach (var state in Buckets)
        {
            if (state.Bucket == bucket)
            {
                return state;
            }
        }

        return null;
    }

    /// <summary>The bucket's state, made where there is none.</summary>
    public BucketState BucketOf(Bucket bucket)
    {
        if (Find(bucket) is { } known)
        {
            return known;
        }

        var index = Buckets.FindIndex(state => state.Bucket.CompareTo(bucket) >= 0);
        var made = new BucketState(bucket);
        Buckets.Insert(index < 0 ? Buckets.Count : index, made);
        return made;
    }

    /// <summary>Whether an op was applied already, so that a second copy changes nothing.</summary>
    public bool HasApplied(OpId op) => Applied.TryGetValue(op.Holder, out var sequence) && op.Sequence <= sequence;

    /// <summary>Applies one event; deciding and replaying go through here alike.</summary>
    /// <returns>What an op, or another event that is booked, came to; null for all others.</returns>
    public OpOutcome? Apply(MemberEvent change, long recordedAtMs)
    {
        Version++;
        RecordedAtMs = recordedAtMs;
        switch (change)
        {
            case OpApplied applied:
                return ApplyOp(applied);
            case OpParked parked:
                ApplyParked(parked);
                return null;
            case LinesReleased released:
                ApplyReleased(released);
                return null;
            case RightsHealed healed:
                ApplyHealed(healed);
                return null;
            case RightsGranted granted:
                ApplyGrant(granted);
                return null;
            case RefundRightMoved moved:
                ApplyRefundRight(moved);
                return null;
            case MemberFollowed followed:
                Follow(followed.Store);
                return null;
            case MemberRegistered registered:
                Register(registered.Profile, HqStamp());
                return null;
            case LotsExpired expired:
                return Expiry.Apply(expired, this);
            case CreditLimitSet set:
                CreditBook.Apply(set, this);
                NoteLimit(set);
                return null;
            case ShortfallBorne borne:
                return Shortfall.Apply(borne, this);
            case ReceivableSettled settled:
                return CreditBook.Apply(settled, this);
            default:
                return ApplyPersonal(change);
        }
    }

    /// <summary>What is broken in this state in words, or null.</summary>
    /// <param name="mayOwe">Whether a pool may be negative for now.</param>
    public string? FindBreach(bool mayOwe = false)
    {
        foreach (var bucket in Buckets)
        {
            if (bucket.FindBreach(mayOwe) is { } breach)
            {
                return $"member {Id}: {breach}";
            }
        }

        if (Credit.FindBreach() is { } owing)
        {
            return $"member {Id}: {owing}";
        }

        // What a restored hub has not heard yet may be missing (mayOwe); there is no parcel of what is owed.
        var parcels = SumOfParcels();
        return parcels != Math.Max(0, TotalOf(Bucket.Principal)) ? $"member {Id}: parcels hold {parcels}, principal is {TotalOf(Bucket.Principal)}" : null;
    }

    private OpOutcome ApplyOp(OpApplied applied)
    {
        var op = applied.Op;
        if (!applied.IsResumed)
        {
            Applied[applied.Place.Holder] = applied.Place.Sequence;
        }
        else if (applied.EndsParking)
        {
            Parked.Remove(applied.Place.Holder);
            ParkedBranches.Remove(applied.Place.Holder);
        }

        if (OpDefects.Find(op) is { } defect)
        {
            return new OpOutcome(Classification.Anomaly, $"Parked: {defect}. No value was moved; compare with the receipt and adjust.", LedgerTransaction.Empty);
        }

        var undoFault = FindUndoFault(applied);
        var anomalies = new List<string>(); // without an item it has no array either
        if (undoFault is not null)
        {
            anomalies.Add(undoFault);
        }

        var losses = new long[op.Moves.Count];
        var unbacked = SumOfUnbacked();
        for (var i = 0; i < op.Moves.Count; i++)
        {
            losses[i] = ApplyMove(op, op.Moves[i], anomalies);
        }

        var excess = CreditBook.FindExcess(op, this, applied.FloorLimitMinor);
        if (excess is not null)
        {
            anomalies.Add(excess);
        }

        ApplyMember(op);
        ApplyFollowing(applied);
        ApplyPersonal(applied);
        if (op.Type == OpType.AliasIn)
        {
            TakeFromAliasLine(op, anomalies);
        }

        var latePayer = undoFault is null ? LatePayerOf(applied) : "";
        RecordUndo(op);
        var transaction = LedgerTransaction.Of(op, Currency, losses, losses.AsSpan().ContainsAnyExcept(0) ? PayersOf(op) : null, undoFault is null ? UndoneAt(op) : null, latePayer);
        long loss = 0;
        for (var i = 0; i < losses.Length; i++)
        {
            loss = checked(loss + (op.Moves[i].Kind == MoveKind.Settle ? 0 : losses[i]));
        }

        return anomalies.Count > 0 ? new OpOutcome(Classification.Anomaly, string.Join("; ", anomalies), transaction) { Kind = SumOfUnbacked() > unbacked ? CaseKind.UnbackedUse : undoFault is not null ? CaseKind.RefundExceeds : op.Type == OpType.AliasIn || excess is not null ? CaseKind.Other : CaseKind.UnknownGrant }
            : latePayer.Length > 0 ? new OpOutcome(Classification.Liability, $"{latePayer} bears it: store {op.Id.Holder.Store} undid op {op.Reference} under a right that had been reclaimed and given to another store.", transaction)
            : loss > 0 ? new OpOutcome(Classification.Liability, $"{BearersOf(op, losses)} bears {loss}: store {op.Id.Holder.Store} used rights that had been reclaimed.", transaction)
            : OpOutcome.Normal(transaction);
    }

    private long SumOfUnbacked()
    {
        long sum = 0;
        foreach (var bucket in Buckets)
        {
            sum = checked(sum + bucket.Unbacked);
        }

        return sum;
    }

    private long SumOfParcels()
    {
        long sum = 0;
        foreach (var parcel in Parcels)
        {
            sum = checked(sum + parcel.RemainingMinor);
        }

        return sum;
    }

    private long ApplyMove(Op op, Move move, List<string> anomalies)
    {
        if (move.Kind is MoveKind.Advance or MoveKind.Settle)
        {
            return CreditBook.Apply(op, move, this); // without a right line
        }

        var bucket = BucketOf(move.Bucket);
        var line = bucket.LineOf(op.Id.Holder);
        if (move.GrantedSeen > line.Granted)
        {
            anomalies.Add($"the store saw grants of {move.GrantedSeen} in {move.Bucket}, the hub made {line.Granted}");
        }

        var unbackedBefore = bucket.Unbacked;
        var loss = move.Kind switch
        {
            MoveKind.Credit => CreditBucket(bucket, line, move.AmountMinor, op),
            MoveKind.Debit => Debit(bucket, line, move.AmountMinor),
            _ => TakeBack(bucket, line, move.AmountMinor),
        };
        CreditBook.Follow(move, loss, this);
        if (bucket.Unbacked > unbackedBefore)
        {
            anomalies.Add($"{bucket.Unbacked - unbackedBefore} of {move.Bucket} used without a right to it; store {op.Id.Holder.Store} bears {loss}");
        }

        return loss;
    }

    private long CreditBucket(BucketState bucket, HubLine line, long amount, Op op)
    {
        checked
        {
            line.Credited += amount;
            line.Outstanding += amount;
            bucket.Credited += amount;
        }

        if (bucket.Bucket == Bucket.Principal)
        {
            // The origin of what came from an alias's line was settled there; here it is the chain's own.
            AddParcel(op.Type == OpType.AliasIn ? new PrincipalParcel(default, 0, amount) : new PrincipalParcel(op.Id.Holder.Store, op.RulesetVersion, amount));
        }

        return 0;
    }

    // protocol.md 1.8: backed rights first, then the free pool (it was the member's purchase), the rest is the store's.
    private long Debit(BucketState bucket, HubLine line, long amount)
    {
        var backed = Math.Min(amount, line.Outstanding);
        var fromPool = Math.Min(amount - backed, Math.Max(0, bucket.Pool));
        var disowned = Math.Min(amount - backed, line.Disowned);
        var loss = amount - backed - fromPool;
        checked
        {
            line.Debited += amount;
            line.Outstanding -= backed;
            line.Disowned -= disowned;
            bucket.Pool -= fromPool;
            bucket.Unbacked += amount - backed - disowned;
            bucket.Debited += amount;
            bucket.Loss += loss;
        }

        if (bucket.Bucket == Bucket.Principal)
        {
            ConsumeParcels(amount - loss);
        }

        return loss;
    }

    private static long TakeBack(BucketState bucket, HubLine line, long amount)
    {
        var disowned = Math.Min(amount, line.Disowned);
        var backed = Math.Min(amount - disowned, line.Outstanding);
        checked
        {
            line.Relinquished += amount;
            line.Disowned -= disowned;
            line.Outstanding -= backed;
            bucket.Pool += backed;
            bucket.Unbacked += amount - disowned - backed;
        }

        return 0;
    }

    // Called when the bucket has the value already. What the member owed since the hub forgot something is paid first: parcels hold what is there.
    internal void AddParcel(PrincipalParcel added)
    {
        var room = Math.Max(0, TotalOf(Bucket.Principal)) - SumOfParcels();
        added = added with { RemainingMinor = Math.Min(added.RemainingMinor, room) };
        if (added.RemainingMinor <= 0)
        {
            return;
        }

        var index = Parcels.Count - 1;
        while (index >= 0 && (Parcels[index].OriginStore != added.OriginStore || Parcels[index].Terms != added.Terms))
        {
            index--;
        }

        if (index < 0)
        {
            Parcels.Add(added);
            return;
        }

        Parcels[index] = added with { RemainingMinor = checked(Parcels[index].RemainingMinor + added.RemainingMinor) };
    }

    internal void ConsumeParcels(long amount)
    {
        while (amount > 0 && Parcels.Count > 0)
        {
            var taken = Math.Min(amount, Parcels[0].RemainingMinor);
            amount -= taken;
            if (taken == Parcels[0].RemainingMinor)
            {
                Parcels.RemoveAt(0);
            }
            else
            {
                Parcels[0] = Parcels[0] with { RemainingMinor = Parcels[0].RemainingMinor - taken };
            }
        }
    }

    private void ApplyMember(Op op)
    {
        var store = op.Id.Holder.Store;
        switch (op.Type)
        {
            case OpType.RegisterMember:
                Follow(store);
                break;
            case OpType.TopUp:
                CountVisit(store);
                Follow(store);
                break;
            case OpType.Sale:
                CountVisit(store);
                Follow(store);
                LifetimeSpendMinor = checked(LifetimeSpendMinor + op.BillMinor - op.DiscountMinor);
                LargestBasketMinor = Math.Max(LargestBasketMinor * 98 / 100, op.MoneyMinor(MoveKind.Debit));
                RememberBasket(op);
                break;
            case OpType.Void or OpType.Refund:
                // BillMinor of an undoing op is the part of the sale that is undone; a voided top-up undoes no sale.
                LifetimeSpendMinor = Math.Max(0, LifetimeSpendMinor - op.BillMinor);
                break;
            default:
                break;
        }
    }

    // The whole price, not only what the wallet had here: else a store with too little would be thought to need little.
    private void RememberBasket(Op op)
    {
        if (op.MoneyMinor(MoveKind.Debit) > 0)
        {
            RecentBaskets.Add(op.BillMinor - op.DiscountMinor);
            RecentBaskets.RemoveRange(0, Math.Max(0, RecentBaskets.Count - RememberedBaskets));
        }
    }

    private void CountVisit(StoreId store)
    {
        for (var i = 0; i < Visits.Count; i++)
        {
            Visits[i] = Visits[i] with { Weight = Visits[i].Weight * 97 / 100 };
        }

        AddVisit(store, VisitUnit);
    }

    private void AddVisit(StoreId store, long weight)
    {
        var index = Visits.Count - 1;
        while (index >= 0 && Visits[index].Store != store)
        {
            index--;
        }

        if (index < 0)
        {
            Visits.Add(new Visit(store, weight));
        }
        else
        {
            Visits[index] = new Visit(store, checked(Visits[index].Weight + weight));
        }

        Visits.Sort((left, right) => left.Weight != right.Weight ? right.Weight.CompareTo(left.Weight) : left.Store.CompareTo(right.Store));
        if (Visits.Count > RememberedStores)
        {
            Visits.RemoveRange(RememberedStores, Visits.Count - RememberedStores);
        }
    }

    private void ApplyGrant(RightsGranted granted)
    {
        foreach (var (bucketId, total) in granted.Lines)
        {
            var bucket = BucketOf(bucketId);
            var line = bucket.LineOf(granted.Holder);
            var delta = total - line.Granted;
            line.Granted = total;
            line.Outstanding = checked(line.Outstanding + delta);
            bucket.Pool = checked(bucket.Pool - delta);
        }

        Follow(granted.Holder.Store);
    }
}
