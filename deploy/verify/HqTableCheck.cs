using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Check 15: the tables that HQ queries are what the records add up to.</summary>
/// <remarks>They follow a second or two behind: a member whose rows are of an older record is left out, and sums are compared only where the tables are at the newest record.</remarks>
internal sealed class HqTableCheck(HubLog hub, FindingLog findings, IReadOnlyDictionary<(string Account, string Asset), Int128> sums)
{
    private readonly HashSet<UInt128> _current = [];

    public void Run(IHqRows rows)
    {
        var position = rows.HqPosition();
        if (position == 0)
        {
            return; // this hub does not keep them
        }

        Int128 newest = 0;
        foreach (var member in hub.Members.Values)
        {
            newest += member.Version;
        }

        CheckMembers(rows, isComplete: position >= newest);
        CheckWallets(rows);
        CheckLines(rows);
        if (position == newest)
        {
            CheckOps(rows);
            CheckBalances(rows);
        }
    }

    private void CheckMembers(IHqRows rows, bool isComplete)
    {
        var found = new HashSet<UInt128>();
        foreach (var (member, version) in rows.HqMembers())
        {
            found.Add(member.Value);
            if (!hub.Members.TryGetValue(member.Value, out var fold))
            {
                Differs(member.Value, "is in hq_member, and no record is about it");
            }
            else if (version == fold.Version)
            {
                _current.Add(member.Value);
            }
            else if (isComplete && version < fold.Version)
            {
                Differs(member.Value, $"hq_member has version {version}; the newest record is {fold.Version}");
            }
        }

        foreach (var member in hub.Members.Values.Where(member => isComplete && member.Version > 0 && !found.Contains(member.Id)))
        {
            Differs(member.Id, "is not in hq_member");
        }
    }

    private void CheckWallets(IHqRows rows)
    {
        var found = rows.HqWallets().ToLookup(row => row.Member.Value, row => (row.Bucket, row.TotalMinor, row.FreeMinor, row.AtStoresMinor));
        var lots = rows.HqLots().ToLookup(row => row.Member.Value, row => (Bucket: $"lot:{row.OriginStore}:{row.Terms}:{row.ExpiryDay}", row.TotalMinor, row.FreeMinor, row.AtStoresMinor));
        foreach (var member in _current)
        {
            var should = hub.Members[member].Buckets.Select(bucket => (Bucket: NameOf(bucket.Key), (long)bucket.Value.Total, (long)bucket.Value.Pool, (long)bucket.Value.Lines.Values.Aggregate((Int128)0, (sum, line) => sum + line.Outstanding)));
            Compare(member, "hq_wallet or hq_lot", should, found[member].Concat(lots[member]));
        }
    }

    private void CheckLines(IHqRows rows)
    {
        var found = rows.HqRightLines().ToLookup(row => row.Member.Value, row => (row.Store, row.Incarnation, row.Bucket, (row.Granted, row.Credited, row.Debited, row.Relinquished, row.Disowned, row.Outstanding)));
        foreach (var member in _current)
        {
            var should = hub.Members[member].Buckets.SelectMany(bucket => bucket.Value.Lines.Select(line => (line.Key.Store, line.Key.Incarnation, NameOf(bucket.Key),
                ((long)line.Value.Granted, (long)line.Value.Credited, (long)line.Value.Debited, (long)line.Value.Relinquished, (long)line.Value.Disowned, (long)line.Value.Outstanding))));
            Compare(member, "hq_right_line", should, found[member]);
        }
    }

    private void CheckOps(IHqRows rows)
    {
        long ops = 0;
        foreach (var (op, member) in rows.HqOps())
        {
            ops++;
            if (!hub.Members.TryGetValue(member.Value, out var fold) || fold.Newest.GetValueOrDefault(op.Producer) < op.Sequence)
            {
                Differs(member.Value, $"hq_op has op {op.Producer.Store}/{op.Producer.Incarnation}/{op.Sequence}; no record of this member is about it");
            }
        }

        if (ops != hub.OpsRecorded)
        {
            findings.Add(FindingCodes.HqDiffers, $"hq_op has {ops} ops; the records are about {hub.OpsRecorded}");
        }
    }

    private void CheckBalances(IHqRows rows)
    {
        var found = rows.HqBalances().ToDictionary(row => (row.Account, row.Asset), row => (Int128)row.AmountMinor);
        foreach (var key in found.Keys.Union(sums.Keys).Order())
        {
            var (should, does) = (sums.GetValueOrDefault(key), found.GetValueOrDefault(key));
            if (should != does)
            {
                findings.Add(FindingCodes.HqDiffers, $"hq_posting sums to {does} {key.Asset} on {key.Account}; the records book {should}");
            }
        }
    }

    private void Compare<T>(UInt128 member, string table, IEnumerable<T> should, IEnumerable<T> found)
    {
        var (missing, extra) = (should.ToHashSet(), found.ToHashSet());
        var common = missing.Intersect(extra).ToArray();
        missing.ExceptWith(common);
        extra.ExceptWith(common);
        if (missing.Count + extra.Count > 0)
        {
            Differs(member, $"{table} has {string.Join(", ", extra)}; the records add up to {string.Join(", ", missing)}");
        }
    }

    private void Differs(UInt128 member, string what) => findings.Add(FindingCodes.HqDiffers, $"member {MemberText.Of(member)}: {what}");

    private static string NameOf(BucketKey key) => key.Kind == BucketKind.Lot ? $"lot:{key.OriginStore}:{key.Terms}:{key.ExpiryDay}" : key.ToString();
}
