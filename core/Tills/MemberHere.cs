using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Rights;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

/// <summary>A member as one store sees it: its own right lines, and a replica of what the hub last said.</summary>
/// <remarks>Only the lines decide what may be spent here; the replica is for people to read. Owned by the agent's engine; not thread-safe.</remarks>
public sealed class MemberHere(MemberId id)
{
    /// <summary>Who.</summary>
    public MemberId Id { get; } = id;

    /// <summary>Right lines of this store's incarnation.</summary>
    public SortedDictionary<Bucket, AgentLine> Lines { get; } = [];

    /// <summary>What the hub last said, or null where it never did.</summary>
    public Replica? Replica { get; set; }

    /// <summary>Known as soon as the member was registered here, before the hub heard of it.</summary>
    public MemberProfile? Profile { get; set; }

    /// <summary>When a till last touched the member here, Unix milliseconds.</summary>
    public long LastUsedMs { get; set; }

    /// <summary>Whether the log's newest word on it, of whatever life, is that this store keeps no replica. With a replica it is to be said again.</summary>
    public bool IsUnfollowed { get; set; }

    /// <summary>The op of this life's log that said so last; 0 where the log of this life said no such thing. The hub's word from before it says nothing of whom this store follows.</summary>
    public long UnfollowedAt { get; set; }

    /// <summary>Whether the store may drop the replica: it holds no rights of the member, has advanced nothing that is owed, and knows nothing that the hub has not said.</summary>
    public bool IsIdle => Replica is not null && Profile is null && Edits.Count == 0 && FloorOutstandingMinor == 0 && Lines.Values.All(line => line.Available == 0);

    /// <summary>Changes of profile and tags that were logged here and are not in the replica yet, oldest first.</summary>
    public List<Edit> Edits { get; } = [];

    /// <summary>Tags as this store sees them: the hub's, with its own changes over them.</summary>
    public IReadOnlyList<TagDot> TagsHere
    {
        get
        {
            var tags = new PersonalData();
            tags.TakeTags(Replica?.Tags ?? []);
            foreach (var edit in Edits.Where(edit => edit.Op.Type is OpType.TagAdd or OpType.TagRemove))
            {
                if (edit.Op.Type == OpType.TagAdd)
                {
                    tags.Add(edit.Op.Tag, edit.Dot);
                }
                else
                {
                    tags.Remove(edit.Op.RemovedDots, _ => true, wasMerged: false);
                }
            }

            return tags.TagDots;
        }
    }

    /// <summary>Changes of fields that were logged here and are not in the replica yet, with whether they count already.</summary>
    public IEnumerable<(FieldChange Change, bool Counts)> FieldEdits =>
        Edits.SelectMany(edit => edit.Op.Fields.Select(change => (change, edit.Op.IsProved || !ProfileFields.NeedsProof(change.Field))));

    /// <summary>The line of a bucket; all zeros where there is none.</summary>
    public AgentLine LineOf(Bucket bucket) => Lines.GetValueOrDefault(bucket);

    /// <summary>Whether this store knows the member at all.</summary>
    public bool IsKnown => Profile is not null || Replica is not null;

    /// <summary>Principal and valid bonus that may be spent here now.</summary>
    public long HereMinor(int day)
    {
        long sum = 0;
        foreach (var (_, amount) in SpendableMoney(day))
        {
            sum = checked(sum + amount);
        }

        return sum;
    }

    /// <summary>All that this store ever advanced to the member without a right.</summary>
    public long AdvancedMinor { get; set; }

    /// <summary>What of it is not settled, as far as this store has heard; never less than it is.</summary>
    public long FloorOutstandingMinor => checked(AdvancedMinor - (Replica?.FloorSettledMinor ?? 0));

    /// <summary>What the member owes: as the hub last said, and what this store sold on account since.</summary>
    public long ReceivableMinor => checked((Replica?.ReceivableMinor ?? 0) + (AdvancedMinor - (Replica?.FloorAdvancedMinor ?? 0))
        + (LineOf(Bucket.Credit).Debited - (Replica?.OwnLines.GetValueOrDefault(Bucket.Credit).Debited ?? 0)));

    /// <summary>Points earned here that may be spent only when the hub has acknowledged the earning; set by the agent where the rules say so.</summary>
    public long PendingPoints { get; set; }

    /// <summary>Points that may be spent here now.</summary>
    public long PointsHere => AvailableOf(Bucket.Points);

    /// <summary>What may be spent here now of one bucket.</summary>
    public long AvailableOf(Bucket bucket) => bucket == Bucket.Points ? Math.Max(0, LineOf(bucket).Available - PendingPoints) : LineOf(bucket).Available;

    /// <summary>Money buckets that may pay a new sale on <paramref name="day"/>, with what each can give.</summary>
    public IReadOnlyList<(Bucket Bucket, long AmountMinor)> SpendableMoney(int day)
    {
        if (Switches.IsOff(Mechanism.LocalRights))
        {
            return [.. Buckets.Where(bucket => bucket.IsMoney && ConfirmedOf(bucket) > 0).Select(bucket => (bucket, ConfirmedOf(bucket)))];
        }

        var pots = new List<(Bucket, long)>(Lines.Count);
        foreach (var (bucket, line) in Lines)
        {
            if (bucket.IsMoney && line.Available > 0 && IsValid(bucket, day))
            {
                pots.Add((bucket, line.Available));
            }
        }

        return pots;
    }

    /// <summary>What the hub confirmed in one bucket, plus what this store did since and the hub had not seen.</summary>
    public long ConfirmedOf(Bucket bucket)
    {
        var line = LineOf(bucket);
        var seen = Replica?.OwnLines.GetValueOrDefault(bucket) ?? default;
        return checked((Replica?.TotalOf(bucket) ?? 0) + (line.Credited - seen.Credited) - (line.Debited - seen.Debited));
    }

    /// <summary>All buckets that either side knows, ordered.</summary>
    public IReadOnlyList<Bucket> Buckets
    {
        get
        {
            // A handful: comparing costs less than a set.
            var buckets = new List<Bucket>(Lines.Count + 2);
            foreach (var (bucket, _) in Lines)
            {
                buckets.Add(bucket);
            }

            var own = buckets.Count;
            foreach (var holding in Replica?.Holdings ?? [])
            {
                if (!buckets.Contains(holding.Bucket))
                {
                    buckets.Add(holding.Bucket);
                }
            }

            if (buckets.Count > own)
            {
                buckets.Sort();
            }

            return buckets;
        }
    }

    /// <summary>The confirmed money in valid buckets.</summary>
    public long ConfirmedMoney(int day)
    {
        long sum = 0;
        foreach (var bucket in Buckets)
        {
            if (bucket.IsMoney && IsValid(bucket, day))
            {
                sum = checked(sum + ConfirmedOf(bucket));
            }
        }

        return sum;
    }

    /// <summary>Whether a scan of the member should ask the hub: for one whom this store does not know, or who has money and none of it here.</summary>
    /// <remarks>For all others the hub has nothing new to say: a store that is online is told of each change, and a checkout that lacks rights asks by itself.</remarks>
    public bool AsksHubAtScan(int day) => !IsKnown || (HereMinor(day) == 0 && ConfirmedMoney(day) > 0);

    /// <summary>Whether a bucket may pay on this day.</summary>
    public static bool IsValid(Bucket bucket, int day) => bucket.IsValidOn(day);
}
