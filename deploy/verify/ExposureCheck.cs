using System.Buffers.Binary;
using SyncHub.Storage.Audit;

namespace SyncHub.Verify;

/// <summary>The part of check 8 that looks at the hub's own sums: what each store may spend is what its lines hold, and what it advanced is what is not settled.</summary>
internal sealed class ExposureCheck(HubLog hub, FindingLog findings)
{
    public void Run(IJournalRows file)
    {
        var held = Read(file, "exposure");
        if (held.Count > 0) // else nothing was ever granted, or the hub is older than its sums
        {
            Compare("may spend", held, Sum(key => key.IsMoney));
        }

        // A hub that is older than these sums counts them from its update on.
        if (file.Documents("meta").Any(document => document.Key.AsSpan().SequenceEqual("exposure-kinds"u8)))
        {
            Compare("may let members owe", Read(file, "exposure-credit"), Sum(key => key == BucketKey.Credit));
            Compare("has advanced", Read(file, "exposure-floor"), Advanced());
        }
    }

    private Dictionary<long, Int128> Read(IJournalRows file, string collection)
    {
        var found = new Dictionary<long, Int128>();
        foreach (var document in file.Documents(collection))
        {
            if (document.Key.Length == 4 && document.Value.Length == 8)
            {
                found[BinaryPrimitives.ReadInt32BigEndian(document.Key)] = BinaryPrimitives.ReadInt64BigEndian(document.Value);
            }
            else
            {
                findings.Add(FindingCodes.ExposureDiffers, $"an exposure (key {Convert.ToHexString(document.Key)}) has {document.Value.Length} bytes; expected a store's 4 and an amount's 8");
            }
        }

        return found;
    }

    private void Compare(string what, Dictionary<long, Int128> found, Dictionary<long, Int128> sums)
    {
        foreach (var store in sums.Keys.Union(found.Keys).Order())
        {
            var (should, does) = (sums.GetValueOrDefault(store), found.GetValueOrDefault(store));
            if (should != does)
            {
                findings.Add(FindingCodes.ExposureDiffers, $"store {store} {what} {does} by the hub's exposure; its right lines hold {should}");
            }
        }
    }

    private Dictionary<long, Int128> Sum(Func<BucketKey, bool> counts)
    {
        var held = new Dictionary<long, Int128>();
        foreach (var (_, bucket) in hub.Members.Values.SelectMany(member => member.Buckets).Where(bucket => counts(bucket.Key)))
        {
            foreach (var (holder, line) in bucket.Lines)
            {
                held[holder.Store] = held.GetValueOrDefault(holder.Store) + line.Outstanding;
            }
        }

        return held;
    }

    private Dictionary<long, Int128> Advanced()
    {
        var open = new Dictionary<long, Int128>();
        foreach (var (holder, (advanced, settled)) in hub.Members.Values.SelectMany(member => member.Credit.Floor))
        {
            open[holder.Store] = open.GetValueOrDefault(holder.Store) + advanced - settled;
        }

        return open;
    }
}
