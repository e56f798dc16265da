using SyncHub.Core.Ledger;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

// Merge (protocol.md 1.14): an alias keeps its right lines and its own books; what is free there goes to the survivor.
public sealed partial class MemberState
{
    /// <summary>The member that this one was merged into; default for a member of its own.</summary>
    public MemberId AliasOf { get; set; }

    /// <summary>The survivor's version at the offer by which this member is an alias.</summary>
    public long AliasOffer { get; set; }

    /// <summary>Whether this member was merged into another one.</summary>
    public bool IsAlias => AliasOf != default;

    /// <summary>Whoever this member was ever merged into: what was given back of its ops under their names lies in their streams.</summary>
    public SortedSet<MemberId> Survivors { get; } = [];

    /// <summary>Members that this one has offered to take in.</summary>
    public SortedDictionary<MemberId, MergeOffer> Offers { get; } = [];

    /// <summary>Members that were merged into this one.</summary>
    public SortedDictionary<MemberId, AliasState> Aliases { get; } = [];

    /// <summary>What ever went to other members.</summary>
    public SortedDictionary<MemberId, TransferSums> Sent { get; } = [];

    /// <summary>What ever came from other members.</summary>
    public SortedDictionary<MemberId, TransferSums> Taken { get; } = [];

    /// <summary>Lifetime spend under all of the member's ids.</summary>
    public long TotalSpendMinor => Aliases.Count == 0 ? LifetimeSpendMinor : checked(LifetimeSpendMinor + Aliases.Values.Sum(alias => alias.News.LifetimeSpendMinor));

    /// <summary>What stores hold on right lines of aliases.</summary>
    public IEnumerable<Holding> HeldByAliases => Aliases.Count == 0 ? [] : Aliases.Values.SelectMany(alias => alias.News.Held);

    /// <summary>What this member, as an alias, tells its survivor.</summary>
    public AliasNews NewsAsAlias => new(Version, TotalSpendMinor, LargestBasketMinor, [.. Visits], [.. Followers],
        [.. Buckets.SelectMany(bucket => bucket.Lines.Where(line => line.Outstanding > 0).Select(line => new Holding(bucket.Bucket, line.Holder.Store, line.Outstanding))).Concat(HeldByAliases)], Personal.TagDots)
    {
        OwesMinor = TotalReceivableMinor,
        ReceivedMinor = Taken.GetValueOrDefault(AliasOf)?.Lines.GetValueOrDefault(Bucket.Principal) ?? 0,
        CreditLimitMinor = Credit.LimitMinor,
    };

    /// <summary>What the member owes under all of its ids, less what is on its way there.</summary>
    public long TotalReceivableMinor => Aliases.Count == 0 ? Credit.ReceivableMinor : checked(Credit.ReceivableMinor + Aliases.Keys.Sum(DueTo));

    /// <summary>What an alias owes, less what was sent to pay it and has not come there yet.</summary>
    public long DueTo(MemberId alias)
    {
        var news = Aliases[alias].News;
        var sent = Sent.GetValueOrDefault(alias)?.Lines.GetValueOrDefault(Bucket.Principal) ?? 0;
        return Math.Max(0, checked(news.OwesMinor - (sent - news.ReceivedMinor)));
    }

    /// <summary>Whether value of this kind goes to the survivor of a merge. Credit and pending value are settled where they arose.</summary>
    public static bool GoesToSurvivor(Bucket bucket) => bucket.Kind is BucketKind.Principal or BucketKind.Points or BucketKind.Lot;

    /// <summary>What would have been sent to <paramref name="to"/> in all after sending so much of each bucket now.</summary>
    public TransferTotals TotalsAfterSending(MemberId to, IReadOnlyList<BucketTotal> amounts)
    {
        var sums = new TransferSums();
        sums.Raise(Sent.GetValueOrDefault(to)?.Totals ?? new TransferTotals([], []));
        foreach (var (bucket, amount) in amounts)
        {
            sums.Lines[bucket] = checked(sums.Lines.GetValueOrDefault(bucket) + amount);
            foreach (var part in bucket == Bucket.Principal ? OldestParcels(amount) : [])
            {
                var key = (part.OriginStore, part.Terms);
                sums.Parcels[key] = checked(sums.Parcels.GetValueOrDefault(key) + part.RemainingMinor);
            }
        }

        return sums.Totals;
    }

    private OpOutcome? ApplyMerge(MemberEvent change)
    {
        switch (change)
        {
            case MergeOffered offered:
                Offers[offered.Loser] = new MergeOffer(Version, offered.Operator, offered.Reason);
                return null;
            case MergeOfferWithdrawn withdrawn:
                Offers.Remove(withdrawn.Loser);
                return null;
            case MergedInto merged:
                (AliasOf, AliasOffer) = (merged.Survivor, merged.Offer);
                Survivors.Add(merged.Survivor);
                return null;
            case AliasTaken taken:
                TakeAlias(taken.Alias, taken.News);
                return null;
            case AliasReleased released:
                Aliases.Remove(released.Alias);
                return null;
            case MergeUndone:
                (AliasOf, AliasOffer) = (default, 0);
                return null;
            case ValueSent sent:
                return Send(sent);
            case ValueTaken taken:
                return Take(taken);
            default:
                throw new InvalidOperationException($"Unknown member event {change.GetType().Name}.");
        }
    }

    // HQ has asked for these merges before it said how much the person may owe: that was its last word on it.
    private void NoteLimit(CreditLimitSet set)
    {
        foreach (var (loser, offer) in set.IsDerived || Offers.Count == 0 ? [] : Offers.ToArray())
        {
            Offers[loser] = offer with { IsLimitSet = true };
        }
    }

    private void TakeAlias(MemberId alias, AliasNews news)
    {
        var offer = Offers.GetValueOrDefault(alias).Version;
        Offers.Remove(alias);
        if (Aliases.TryGetValue(alias, out var known))
        {
            known.News = news;
        }
        else
        {
            Aliases[alias] = new AliasState { Offer = offer, News = news };
            foreach (var visit in news.Visits)
            {
                AddVisit(visit.Store, visit.Weight);
            }
        }

        Personal.TakeTags(news.Tags);
        LargestBasketMinor = Math.Max(LargestBasketMinor, news.LargestBasketMinor);
        foreach (var store in news.Followers)
        {
            Follow(store);
        }
    }

    private OpOutcome Send(ValueSent sent)
    {
        if (!Sent.TryGetValue(sent.To, out var sums))
        {
            Sent[sent.To] = sums = new TransferSums();
        }

        var increments = sums.IncrementsOf(sent.Totals);
        foreach (var (bucketId, amount) in increments.Lines)
        {
            var bucket = BucketOf(bucketId);
            bucket.Pool = checked(bucket.Pool - amount);
            bucket.MovedOut = checked(bucket.MovedOut + amount);
            if (bucketId == Bucket.Principal)
            {
                ConsumeParcels(amount);
            }

            Contribute(sent.To, bucketId, -amount); // what paid an alias's debt is not brought back to it again
        }

        sums.Raise(sent.Totals);
        return OpOutcome.Normal(LedgerTransaction.OfTransfer(increments.Lines, Currency, isSent: true));
    }

    private OpOutcome Take(ValueTaken taken)
    {
        if (!Taken.TryGetValue(taken.From, out var sums))
        {
            Taken[taken.From] = sums = new TransferSums();
        }

        var increments = sums.IncrementsOf(taken.Totals);
        foreach (var (bucketId, amount) in increments.Lines)
        {
            var bucket = BucketOf(bucketId);
            bucket.Pool = checked(bucket.Pool + amount);
            bucket.MovedIn = checked(bucket.MovedIn + amount);
            Contribute(taken.From, bucketId, amount);
        }

        foreach (var (origin, terms, amount) in increments.Parcels)
        {
            AddParcel(new PrincipalParcel(origin, terms, amount));
        }

        sums.Raise(taken.Totals);
        return OpOutcome.Normal(LedgerTransaction.OfTransfer(increments.Lines, Currency, isSent: false));
    }

    // A store moved what it held on an alias's line to this member's line: the alias's own op says the other half.
    private void TakeFromAliasLine(Op op, List<string> anomalies)
    {
        foreach (var move in op.Moves)
        {
            Contribute(op.OtherMember, move.Bucket, move.AmountMinor);
        }

        if (!Aliases.ContainsKey(op.OtherMember))
        {
            anomalies.Add($"value came from member {op.OtherMember}, which is no alias of this one any more; move it back by hand");
        }
    }

    private void Contribute(MemberId alias, Bucket bucket, long amount)
    {
        if (Aliases.TryGetValue(alias, out var known))
        {
            known.Contributed[bucket] = checked(known.Contributed.GetValueOrDefault(bucket) + amount);
        }
    }

    private IEnumerable<PrincipalParcel> OldestParcels(long amount)
    {
        foreach (var parcel in Parcels)
        {
            var part = Math.Min(amount, parcel.RemainingMinor);
            if (part > 0)
            {
                yield return parcel with { RemainingMinor = part };
            }

            amount -= part;
        }
    }
}
