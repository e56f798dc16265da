using SyncHub.Storage.Postgres;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>Who takes and gives which partitions.</summary>
public sealed class PartitionSharesTests
{
    [Fact]
    public void Shares_differ_by_one_at_most_and_leave_nothing_over()
    {
        var shares = new PartitionShares(10, ["c", "a", "b"]);
        Assert.Equal((4, 3, 3, 0), (shares.ShareOf("a"), shares.ShareOf("b"), shares.ShareOf("c"), shares.ShareOf("dead")));
    }

    [Fact]
    public void Nobody_takes_more_than_its_share_of_what_is_free()
    {
        var shares = new PartitionShares(5, ["a", "b"]);
        Assert.Equal([0, 1, 2], shares.ClaimsOf("a", Owners()));
        Assert.Equal([1, 3], shares.ClaimsOf("b", Owners((0, "a"), (2, "a"), (4, "a"))));
        Assert.Empty(shares.ClaimsOf("dead", Owners()));
    }

    [Fact]
    public void Two_that_give_at_once_fill_different_gaps()
    {
        // a and b have 6 each; c is new and misses 4: 2 from each, whoever is asked first.
        var owners = Owners([.. Enumerable.Range(0, 12).Select(partition => (partition, partition < 6 ? "a" : "b"))]);
        var shares = new PartitionShares(12, ["a", "b", "c"]);
        var given = shares.SurplusOf("a", owners).Concat(shares.SurplusOf("b", owners)).ToArray();
        Assert.Equal(["c", "c", "c", "c"], given.Select(handover => handover.To));
        Assert.Equal([5, 4, 11, 10], given.Select(handover => handover.Partition));
        Assert.Empty(shares.SurplusOf("c", owners));
    }

    [Fact]
    public void One_round_in_which_all_give_at_once_balances_any_ownership()
    {
        var random = new Random(7);
        for (var run = 0; run < 200; run++)
        {
            var writers = Enumerable.Range(0, 1 + random.Next(8)).Select(number => $"hub-{number}").ToArray();
            var partitions = 1 + random.Next(64);
            var owners = Owners([.. Enumerable.Range(0, partitions).Select(partition => (partition, writers[random.Next(1 + random.Next(writers.Length))]))]);
            var shares = new PartitionShares(partitions, writers);
            foreach (var handover in writers.SelectMany(writer => shares.SurplusOf(writer, owners)).ToArray())
            {
                owners[handover.Partition] = new PartitionOwner(handover.To, 2);
            }
            Assert.All(writers, writer => Assert.Equal(shares.ShareOf(writer), owners.Values.Count(owner => owner.Writer == writer)));
        }
    }

    private static Dictionary<int, PartitionOwner> Owners(params (int Partition, string Writer)[] owners) =>
        owners.ToDictionary(owner => owner.Partition, owner => new PartitionOwner(owner.Writer, 1));
}
