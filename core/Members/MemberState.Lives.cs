using SyncHub.Core.Identity;
using SyncHub.Core.Ledger;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;

namespace SyncHub.Core.Members;

/// <content>What happens to a member's lines when lives of stores end, and when the hub itself forgot something.</content>
public sealed partial class MemberState
{
    /// <summary>Chains with an op that could not be taken in, and its number: what comes after it in the same chain waits too.</summary>
    public SortedDictionary<Holder, long> Parked { get; } = [];

    /// <summary>Of those chains the branches, with the life whose log they are of.</summary>
    public SortedDictionary<Holder, Incarnation> ParkedBranches { get; } = [];

    /// <summary>Chains of a life in which something waits.</summary>
    public IEnumerable<Holder> ParkedChainsOf(Holder life) => Parked.Keys.Where(chain => chain == life || (ParkedBranches.TryGetValue(chain, out var number) && chain with { Incarnation = number } == life));

    /// <summary>The first op of a life that waits, or null where none does. One log may stand in several chains, because receipts and copies overtake it.</summary>
    public long? FirstParkedOf(Holder life) => Parked.Count == 0 ? null : ParkedChainsOf(life).Select(chain => (long?)Parked[chain]).Min();

    /// <summary>What a release would take from each line of a holder.</summary>
    public IReadOnlyList<ReleasedLine> HeldBy(Holder holder)
    {
        var held = new List<ReleasedLine>();
        foreach (var bucket in Buckets)
        {
            if (bucket.Find(holder) is { Outstanding: > 0 } line)
            {
                held.Add(new ReleasedLine(bucket.Bucket, line.Outstanding));
            }
        }

        return held;
    }

    /// <summary>Reported lines of which the holder saw more than this hub granted, as far as it remembers.</summary>
    public IReadOnlyList<GrantedLine> FindForgotten(Holder holder, IEnumerable<GrantedLine> seen) =>
        [.. seen.GroupBy(line => line.Bucket).Select(same => new GrantedLine(same.Key, same.Max(line => line.Granted)))
            .Where(line => line.Granted > (Find(line.Bucket)?.Find(holder)?.Granted ?? 0))];

    private void ApplyParked(OpParked parked)
    {
        Applied[parked.Place.Holder] = parked.Place.Sequence;
        Parked.TryAdd(parked.Place.Holder, parked.Place.Sequence);
        if (parked.Life != parked.Place.Holder.Incarnation)
        {
            ParkedBranches[parked.Place.Holder] = parked.Life;
        }
    }

    // protocol.md 1.8. Closed: A counts as handed back. Reclaimed: the store may have used it, so what comes late is set against F.
    private void ApplyReleased(LinesReleased released)
    {
        foreach (var (bucketId, amount) in released.Lines)
        {
            var bucket = BucketOf(bucketId);
            var line = bucket.LineOf(released.Holder);
            checked
            {
                line.Outstanding -= amount;
                bucket.Pool += amount;
                if (released.Kind == ReleaseKind.Closed)
                {
                    line.Relinquished += amount;
                }
                else
                {
                    line.Disowned += Switches.IsOff(Mechanism.DisownedIsCounted) ? 0 : amount;
                }
            }

            line.Payer = released.Payer;
        }
    }

    // protocol.md 1.17: G = max(G, g). What the forgotten grant took from the pool may be missing there until all stores have reported.
    private void ApplyHealed(RightsHealed healed)
    {
        foreach (var (bucketId, granted) in healed.Lines)
        {
            var bucket = BucketOf(bucketId);
            var line = bucket.LineOf(healed.Holder);
            var delta = granted - line.Granted;
            line.Granted = granted;
            line.Outstanding = checked(line.Outstanding + delta);
            bucket.Pool = checked(bucket.Pool - delta);
        }

        Follow(healed.Holder.Store);
    }

    private Func<int, string> PayersOf(Op op) => move => PayerOf(op, move);

    private string PayerOf(Op op, int move) =>
        Find(op.Moves[move].Bucket)?.Find(op.Id.Holder) is { Payer.Length: > 0 } line ? line.Payer : Accounts.Loss(op.Id.Holder.Store);

    private string BearersOf(Op op, long[] losses) =>
        string.Join(" and ", losses.Select((loss, move) => loss > 0 ? PayerOf(op, move) : "").Where(payer => payer.Length > 0).Distinct());
}
