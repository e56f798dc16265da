using Microsoft.Extensions.Logging;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;

namespace SyncHub.Hub.Stores;

/// <summary>Takes from lives that ended what they held, member by member: what is free again may be granted elsewhere.</summary>
/// <remarks>
/// Thread-safe. What is to be released is written with the store; a hub that stops in the midst begins anew, and a member gone through twice changes nothing.
/// That a life holds nothing any more is written only while no op is on its way that may give it something.
/// </remarks>
internal sealed class LineReleases(HubParts parts)
{
    private readonly Lock _gate = new(); // taken before the registry's
    private readonly Dictionary<Holder, Run> _underWay = [];

    // Ops of lives that were given up, on their way from receipts.
    private readonly Dictionary<Holder, int> _awaited = [];

    /// <summary>Starts to release a life as its store's record says; a run under way begins again.</summary>
    /// <param name="store">The store.</param>
    /// <param name="number">Its life.</param>
    /// <param name="done">Told, at the end, how much money was released, and of how many members.</param>
    public void Start(StoreId store, Incarnation number, Action<long, long>? done)
    {
        if (parts.Stores.Find(store)!.Lives.Find(number) is not { } life || life.Release == ReleaseKind.None)
        {
            return;
        }

        var holder = new Holder(store, number);
        Run? run = null;
        run = new Run(new MemberWalk(parts.Journal.ReadChanges, parts.Grains, parts.Schedule, 0, long.MaxValue, self => new ReleaseWanted(holder, life.Release, life.Payer, life.Approver, self), () => Finish(holder, run!)), done);
        lock (_gate)
        {
            if (_underWay.Remove(holder, out var before))
            {
                before.Walk.Stop();
                run.Done = before.Done + done; // whoever waits for the run before waits for this one
            }

            _underWay.Add(holder, run);
        }

        run.Walk.Start();
    }

    /// <summary>An op of a life that was given up is on its way from a receipt, and may give it something: written no later than the op is, so that a hub that stops right after it releases the life once more.</summary>
    public void Await(Holder life)
    {
        if (Switches.IsOff(Mechanism.ReceiptsReopenLives))
        {
            return;
        }

        lock (_gate)
        {
            _awaited[life] = _awaited.GetValueOrDefault(life) + 1;
            Reopen(life);
        }
    }

    /// <summary>An op that was awaited is durable.</summary>
    public void OnArrived(Holder life)
    {
        lock (_gate)
        {
            if (_awaited.GetValueOrDefault(life) > 1)
            {
                _awaited[life]--;
            }
            else
            {
                _awaited.Remove(life);
            }
        }

        Again(life);
    }

    /// <summary>A life that was released may hold something again. Of a run under way nothing is undone: it goes on until it has met every member that changed.</summary>
    public void Again(Holder life)
    {
        lock (_gate)
        {
            Reopen(life);
            if (_underWay.TryGetValue(life, out var run))
            {
                run.IsDueAgain = true;
                return;
            }
        }

        Start(life.Store, life.Incarnation, null);
    }

    private void Reopen(Holder life) =>
        parts.Stores.Update(life.Store, known => known.Lives.Find(life.Incarnation) is { IsReleased: true } released ? known with { Lives = known.Lives.Put(released with { IsReleased = false }) } : known);

    private void Finish(Holder holder, Run run)
    {
        lock (_gate)
        {
            if (_underWay.GetValueOrDefault(holder) != run)
            {
                return;
            }

            if (run.IsDueAgain)
            {
                run.IsDueAgain = false;
                run.Walk.Start(); // from where it is: whoever changed stands behind that
                return;
            }

            _underWay.Remove(holder);
            if (!_awaited.ContainsKey(holder))
            {
                parts.Stores.Update(holder.Store, known => known.Lives.Find(holder.Incarnation) is { } life
                    ? known with { Lives = known.Lives.Put(life with { IsReleased = true, Status = life.Release == ReleaseKind.Closed ? LifeStatus.Closed : life.Status }) }
                    : known);
            }
        }

        parts.Log.LogInformation("What life {Life} of store {Store} held was released: {Amount} of {Members} members", holder.Incarnation, holder.Store, run.Walk.AmountMinor, run.Walk.Moved);
        if (parts.Stores.Find(holder.Store)?.Lives.Find(holder.Incarnation) is { Release: ReleaseKind.Reclaimed })
        {
            parts.Receipts?.OnReclaimed(holder);
        }

        run.Done?.Invoke(run.Walk.AmountMinor, run.Walk.Moved);
    }

    private sealed class Run(MemberWalk walk, Action<long, long>? done)
    {
        public MemberWalk Walk { get; } = walk;

        public Action<long, long>? Done { get; set; } = done;

        public bool IsDueAgain { get; set; }
    }
}
