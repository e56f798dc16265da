using System.Buffers.Binary;
using SyncHub.Storage.Audit;

namespace SyncHub.Verify;

/// <summary>The part of check 8 that looks at the hub's own sums: the money that each store may spend is what its lines hold.</summary>
internal sealed class ExposureCheck(HubLog hub, FindingLog findings)
{
    public void Run(IJournalRows file)
    {
        var found = new Dictionary<long, Int128>();
        foreach (var document in file.Documents("exposure"))
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

        if (found.Count == 0)
        {
            return; // nothing was ever granted, or the hub is older than its sums
        }

        var held = Sum();
        foreach (var store in held.Keys.Union(found.Keys).Order())
        {
            var (should, does) = (held.GetValueOrDefault(store), found.GetValueOrDefault(store));
            if (should != does)
            {
                findings.Add(FindingCodes.ExposureDiffers, $"store {store} may spend {does} by the hub's exposure; its right lines hold {should}");
            }
        }
    }

    private Dictionary<long, Int128> Sum()
    {
        var held = new Dictionary<long, Int128>();
        foreach (var (_, bucket) in hub.Members.Values.SelectMany(member => member.Buckets).Where(bucket => bucket.Key.IsMoney))
        {
            foreach (var (holder, line) in bucket.Lines)
            {
                held[holder.Store] = held.GetValueOrDefault(holder.Store) + line.Outstanding;
            }
        }

        return held;
    }
}
