using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Events about lives that ended, about a hub that had forgotten, and about ops that wait for a person.</summary>
internal sealed partial class Replay
{
    // Closed: A counts as handed back. Reclaimed: the store may have used it, so it is disowned and a payer bears what turns out missing.
    private void ApplyRelease(MemberFold member, ReleasedEvent released)
    {
        var holder = new ProducerId(released.Store, released.Incarnation);
        if (released.Kind is not (ReleaseKind.Closed or ReleaseKind.Reclaimed) || (released.Kind == ReleaseKind.Closed && hub.Lives.IsKnown && hub.Lives.IsLiving(holder)))
        {
            findings.AddWallet(FindingCodes.ReleaseWrong, member.Id, $"version {member.Version} releases what {OpText.Of(holder)} holds as {released.Kind}; expected a life that is over, or a reclaim");
        }

        foreach (var line in released.Lines)
        {
            var key = BucketKey.Of(line.Bucket);
            var held = HeldBy(member.BucketOf(key), holder);
            if (line.Amount != held || held == 0)
            {
                findings.AddWallet(FindingCodes.ReleaseWrong, member.Id, $"version {member.Version} releases {line.Amount} of {key} from {OpText.Of(holder)}, which holds {held}");
            }

            member.BucketOf(key).Release(holder, line.Amount, released.Kind == ReleaseKind.Reclaimed, released.Payer);
        }

        foreach (var (key, bucket) in member.Buckets.Where(bucket => HeldBy(bucket.Value, holder) > 0))
        {
            findings.AddWallet(FindingCodes.ReleaseWrong, member.Id, $"version {member.Version} leaves {HeldBy(bucket, holder)} of {key} with {OpText.Of(holder)}; expected that all of it is released");
        }
    }

    // G = max(G, g): a store proved a grant that the hub has forgotten. What it took from the pool may be missing there for a while.
    private void ApplyHeal(MemberFold member, GrantedEvent healed)
    {
        var holder = new ProducerId(healed.Store, healed.Incarnation);
        foreach (var line in healed.Lines)
        {
            var bucket = member.BucketOf(BucketKey.Of(line.Bucket));
            if (line.Granted <= bucket.GrantedTo(holder))
            {
                findings.AddWallet(FindingCodes.GrantShrinks, member.Id, $"version {member.Version} heals {BucketKey.Of(line.Bucket)} of {OpText.Of(holder)} to {line.Granted}; {bucket.GrantedTo(holder)} was known before");
            }

            bucket.Heal(holder, line.Granted);
        }

        member.Follow(healed.Store);
    }

    private void ApplyParked(MemberFold member, RecordRow record, OpParkedEvent parked)
    {
        if (TakeFact(member, record, parked.PreviousHash) is ({ } op, var key))
        {
            member.Park(key.Producer, key.Sequence);
            CountParked(member, hub.Lives.LifeOf(key.Producer), op);
        }
    }

    // What was parked moved no value; now it does, once, at the place in its chain that it took then.
    private void ApplyResumed(MemberFold member, RecordRow record, OpAppliedEvent resumed, long recordedAtMs)
    {
        accounts.Count(Name(record), resumed.Entries);
        if (record.Fact is not { } key || Find(key) is not { } found || !member.Resume(key.Producer, key.Sequence, resumed.EndsParking))
        {
            findings.Add(FindingCodes.RecordWithoutOp, $"{Name(record)} takes up a parked op; expected one of this member that waits, and none of its chain behind the last one");
            return;
        }

        if (hub.Facts.Read(found) is not { } op)
        {
            return; // reported with the fact
        }

        hub.Parked--;
        foreach (var move in op.Moves)
        {
            hub.ParkedTotals[(hub.Lives.LifeOf(key.Producer), member.Id, BucketKey.Of(move.Bucket))].TakeBack(move);
        }

        Fold(member, key, op, resumed, recordedAtMs);
    }

    private void CountParked(MemberFold member, ProducerId holder, OpEnvelope op)
    {
        hub.Parked++;
        foreach (var move in op.Moves)
        {
            var key = (holder, member.Id, BucketKey.Of(move.Bucket));
            (hub.ParkedTotals.TryGetValue(key, out var totals) ? totals : hub.ParkedTotals[key] = new AgentTotals()).Take(move);
        }
    }

    // I2 outside reconcile mode.
    private void CheckOwing()
    {
        foreach (var member in hub.Members.Values)
        {
            foreach (var (key, bucket) in member.Buckets.Where(bucket => bucket.Value.Pool < 0 && !bucket.Value.IsReported))
            {
                if (hub.Lives.IsReconciling)
                {
                    findings.AddUnsettled(FindingCodes.PoolOwed, $"member {MemberText.Of(member.Id)}: {key} has {bucket.Pool} free until all stores have told the restored hub what they know");
                }
                else
                {
                    Report(bucket, FindingCodes.NegativeAmount, member, $"{key} has {bucket.Pool} free although no store is to be heard out any more; expected 0 or more");
                }
            }
        }
    }

    private static Int128 HeldBy(BucketFold bucket, ProducerId holder) => bucket.Lines.TryGetValue(holder, out var line) ? line.Outstanding : 0;
}
