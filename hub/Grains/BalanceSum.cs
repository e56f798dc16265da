using System.Runtime.InteropServices;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>What the decisions of many partitions come to on each account, so that a commit of a thousand ops touches some dozens of balances and not thousands.</summary>
/// <remarks>
/// An account's balance is the sum of its rows, whichever partition they name; all of a commit go to the lowest of its partitions, which this hub owns as it
/// owns the others. Not thread-safe.
/// </remarks>
internal sealed class BalanceSum
{
    private readonly Dictionary<(string Account, string Asset), long> _sums = [];
    private int _partition = int.MaxValue;

    /// <summary>Adds what one partition decided.</summary>
    public void Add(List<BalanceChange> changes)
    {
        foreach (var change in changes)
        {
            _partition = Math.Min(_partition, change.Partition);
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, (change.Account, change.Asset), out _);
            sum = checked(sum + change.DeltaMinor);
        }
    }

    /// <summary>Writes the sums.</summary>
    public void AddTo(JournalBatch batch)
    {
        foreach (var ((account, asset), sum) in _sums)
        {
            batch.Balances.Add(new BalanceChange(_partition, account, asset, sum));
        }
    }
}
