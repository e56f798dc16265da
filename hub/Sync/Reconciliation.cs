using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;
using LifeStatus = SyncHub.Core.Identity.LifeStatus;

namespace SyncHub.Hub.Sync;

/// <summary>Hears one store out after the hub was restored to an older state (protocol.md 1.17).</summary>
/// <remarks>Not thread-safe; its link locks, and the callback of a report comes back through the link. A hub that stops hears the store out anew.</remarks>
internal sealed class Reconciliation(StoreId store, HubParts parts)
{
    private readonly SortedDictionary<Incarnation, long> _deadTips = [];
    private long _tip;
    private int _reportsUnderWay;
    private bool _hasLastReport;

    /// <summary>A store is back and begins to report.</summary>
    public void Begin(long tipSequence, IReadOnlyList<DeadLog> deadLogs)
    {
        _tip = tipSequence;
        _hasLastReport = false;
        _deadTips.Clear();
        foreach (var log in deadLogs.Where(static log => log.TipSequence > 0)) // of an empty one nothing comes
        {
            _deadTips[new Incarnation(log.Incarnation)] = log.TipSequence;
        }
    }

    /// <summary>A page of lines came.</summary>
    public void OnReport(LineReport report, Holder holder, Action taken)
    {
        foreach (var member in report.Lines.Where(line => line.Member.Length == 16).GroupBy(line => line.Member))
        {
            var lines = member.Select(line => new Core.Members.GrantedLine(BucketCodec.ToCore(line.Bucket), line.Granted)).ToArray();
            Tell(member.Key, done => new LinesReported(holder, lines, done), taken);
        }

        foreach (var member in report.Followed.Where(member => member.Length == 16 && !Switches.IsOff(Mechanism.FollowersAreHeard)))
        {
            Tell(member, done => new FollowReported(holder.Store, done), taken);
        }

        foreach (var merge in report.Merges.Where(static merge => merge.Member.Length == 16 && merge.Survivor.Length == 16))
        {
            Tell(merge.Member, done => new MergeReported(MemberId.FromBytes(merge.Survivor.Span), holder.Store, done), taken);
        }

        foreach (var right in report.RefundRights.Where(right => right.Member.Length == 16 && right.Op is not null))
        {
            Tell(right.Member, done => new RefundRightReported(holder, OpIdCodec.ToCore(right.Op), right.Since, done), taken);
        }

        _hasLastReport |= report.IsLast;
    }

    private void Tell(ByteString member, Func<Action, MemberMessage> message, Action taken)
    {
        Interlocked.Increment(ref _reportsUnderWay);
        var told = message(() =>
        {
            Interlocked.Decrement(ref _reportsUnderWay);
            taken();
        });
        parts.Grains.Post(new GrainMessage(MemberId.FromBytes(member.Span), told));
    }

    /// <summary>The log of an earlier life is here up to a sequence.</summary>
    public void OnDeadLog(Incarnation life, long sequence)
    {
        if (_deadTips.TryGetValue(life, out var tip) && sequence >= tip)
        {
            _deadTips.Remove(life);
        }
    }

    /// <summary>Whether nothing of what the store knew is missing here any more.</summary>
    public bool IsHeardOut(long committedSequence) =>
        _hasLastReport && Volatile.Read(ref _reportsUnderWay) == 0 && _deadTips.Count == 0 && committedSequence >= _tip;

    /// <summary>The store was heard out. What its earlier lives still hold is released: the restore may have forgotten that it was reclaimed.</summary>
    public void End(Incarnation living)
    {
        var released = new List<Incarnation>();
        parts.Stores.Update(store, known =>
        {
            var lives = known.Lives;
            foreach (var life in known.Lives.All.Where(life => !Switches.IsOff(Mechanism.DeadRelease) && life.Number != living && life.Status == LifeStatus.Dead))
            {
                lives = lives.Put(life with { Release = Core.Identity.ReleaseKind.Reclaimed, IsReleased = false, Approver = life.Approver.Length > 0 ? life.Approver : "restore of the hub" });
                released.Add(life.Number);
            }

            return known with { Lives = lives, IsReconciling = false };
        });
        parts.Log.LogInformation("Store {Store} was heard out after the restore of the hub; {State}", store, parts.Stores.IsReconciling ? "others are missing still" : "rights are granted again");
        foreach (var life in released)
        {
            parts.Releases.Start(store, life, null);
        }

        parts.Pipeline.Submit(new JournalBatch(), null, static () => { }); // that it was heard out must not wait for the chain's next op to be written
        MendWhenOver(parts);
    }

    /// <summary>A store was heard out, given up, or replaced. Where it was the last: members of whom more is held than there is mend that when they are next touched (Shortfall), and here each is.</summary>
    /// <remarks>Crash rule: a hub that stops in the midst leaves the rest to the member's next turn, at the latest to the nightly sweep.</remarks>
    public static void MendWhenOver(HubParts parts)
    {
        if (parts.Stores.IsReconciling)
        {
            return;
        }

        // Members are read from the journal, so first everything has to be there that was decided before.
        parts.Pipeline.Submit(new JournalBatch(), null, () =>
            new MemberWalk(parts.Journal.ReadChanges, parts.Grains, parts.Schedule, 0, parts.Journal.LastPosition, self => new SweepWanted(self), static () => { }).Start());
    }
}
