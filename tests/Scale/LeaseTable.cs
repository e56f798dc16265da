using SyncHub.Storage.Postgres;

namespace SyncHub.Scale;

/// <summary>The leases of one database's partitions, as its tables would hold them; who takes and gives what is <see cref="PartitionShares"/>, as in production.</summary>
internal sealed class LeaseTable(int partitions, int leaseMs)
{
    private readonly Dictionary<int, PartitionOwner> _owners = [];
    private readonly SortedDictionary<string, long> _renewedUs = new(StringComparer.Ordinal);

    /// <summary>Who owns what.</summary>
    public IReadOnlyDictionary<int, PartitionOwner> Owners => _owners;

    /// <summary>Partitions that nobody owns.</summary>
    public int Unowned => partitions - _owners.Count;

    /// <summary>One round of a hub: it says that it lives, ends the silent ones, and takes its share of what is free.</summary>
    /// <returns>What it should give away.</returns>
    public IReadOnlyList<PartitionHandover> Renew(string hub, long nowUs)
    {
        _renewedUs[hub] = nowUs;
        foreach (var silent in _renewedUs.Where(other => other.Value < nowUs - (leaseMs * 1_000L)).Select(other => other.Key).ToArray())
        {
            _renewedUs.Remove(silent);
            foreach (var partition in _owners.Where(owner => owner.Value.Writer == silent).Select(owner => owner.Key).ToArray())
            {
                _owners.Remove(partition);
            }
        }

        var shares = new PartitionShares(partitions, [.. _renewedUs.Keys]);
        foreach (var partition in shares.ClaimsOf(hub, _owners))
        {
            _owners.Add(partition, new PartitionOwner(hub, 1));
        }

        return shares.SurplusOf(hub, _owners);
    }

    /// <summary>Gives a partition away.</summary>
    public void Release(PartitionHandover handover) => _owners[handover.Partition] = new PartitionOwner(handover.To, 1);
}
