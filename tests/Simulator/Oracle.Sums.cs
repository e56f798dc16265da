using SyncHub.Core.Members;
using SyncHub.Core.Primitives;

namespace SyncHub.Simulator;

/// <content>One bucket of one member, or of members that were merged, as the hub and as the god's eye see it.</content>
internal sealed partial class Oracle
{
    /// <summary>What is compared.</summary>
    /// <param name="True">Credits less debits of all ops on all disks.</param>
    /// <param name="OfHub">What the hub itself added (a credit limit, principal of a sale on account that was undone), less what it took (breakage, settled debts).</param>
    /// <param name="Unbacked">Uses without a right.</param>
    /// <param name="Loss">What stores bore.</param>
    /// <param name="Disowned">All that was ever reclaimed.</param>
    /// <param name="Duplicated">All that copies may use twice, and what receipts used before their store told what it had got.</param>
    /// <param name="InFlight">Sent to other members and not taken yet.</param>
    private readonly record struct Sums(long True, long OfHub, long Unbacked, long Loss, long Disowned, long Duplicated, long InFlight)
    {
        public static Sums Of(Oracle oracle, MemberId member, BucketState bucket)
        {
            var key = (member, bucket.Bucket);
            long credited = 0, debited = 0;
            foreach (var line in bucket.Lines)
            {
                credited += line.Credited;
                debited += line.Debited;
            }

            return new Sums(oracle._balance.GetValueOrDefault(key), bucket.Credited - credited - (bucket.Debited - debited) - bucket.Breakage, bucket.Unbacked, bucket.Loss,
                oracle._disowned.GetValueOrDefault(key), oracle._duplicated.GetValueOrDefault(key) + oracle._overtaking.GetValueOrDefault(key), bucket.MovedOut - bucket.MovedIn);
        }

        public static Sums operator +(Sums left, Sums right) => new(left.True + right.True, left.OfHub + right.OfHub, left.Unbacked + right.Unbacked, left.Loss + right.Loss,
            left.Disowned + right.Disowned, left.Duplicated + right.Duplicated, left.InFlight + right.InFlight);
    }
}
