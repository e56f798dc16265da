using SyncHub.Storage.Audit;
using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Storage.Tests;

/// <summary>Checks that a file holds whole batches of the workload and nothing else.</summary>
internal static class WorkloadCheck
{
    /// <summary>Reads the raw file.</summary>
    /// <returns>The newest version per writer.</returns>
    public static Dictionary<int, long> HoldsWholeBatches(string path)
    {
        using var file = JournalFileReader.Open(path);
        return HoldsWholeBatches(file);
    }

    /// <inheritdoc cref="HoldsWholeBatches(string)"/>
    public static Dictionary<int, long> HoldsWholeBatches(IJournalRows file)
    {
        Assert.Equal(["ok"], file.IntegrityCheck());

        var newest = new Dictionary<int, long>();
        long position = 0;
        foreach (var record in file.Records())
        {
            Assert.Equal(++position, record.Position);
            Assert.Equal(newest.GetValueOrDefault(record.Partition) + 1, record.Version);
            Assert.Equal(Workload.Stream(record.Partition), record.Stream);
            Assert.Equal(Workload.Number(record.Version), record.Payload);
            newest[record.Partition] = record.Version;
        }
        Assert.Equal(newest, file.Facts().GroupBy(fact => (int)fact.Producer.Store).ToDictionary(facts => facts.Key, facts => (long)facts.Count()));
        Assert.Equal(newest, file.Cursors().ToDictionary(cursor => (int)cursor.Producer.Store, cursor => cursor.Sequence));
        Assert.Equal(newest.OrderBy(pair => pair.Key).Select(pair => Workload.Number(pair.Value)), file.Documents(Workload.Collection).Select(document => document.Value));
        Assert.Equal(newest, file.Balances().Where(balance => balance.Account == "cash").ToDictionary(balance => balance.Partition, balance => balance.AmountMinor));
        Assert.Equal(0, file.Balances().Sum(balance => balance.AmountMinor));
        return newest;
    }
}
