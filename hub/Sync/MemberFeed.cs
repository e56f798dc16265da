using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>Tells an agent that is back of every member that changed since its cursor and that it follows, and from then on how far its cursor may move.</summary>
/// <remarks>The connection is online already, so what changes from then on is sent by itself; the walk covers what changed before.</remarks>
internal sealed class MemberFeed(HubParts parts, Lock gate, Action<HubFrame> send)
{
    private MemberWalk? _catchUp;
    private bool _catchingUp;
    private OutboundLanes? _lanes;
    private Holder _holder;
    private long _marked;

    /// <summary>Begins after a position of the journal.</summary>
    public void CatchUp(Holder holder, long position, IStoreConnection connection)
    {
        (_holder, _marked, _lanes) = (holder, position, connection.Lanes);
        Walk();
    }

    private void Walk()
    {
        var (holder, position, lanes, changes) = (_holder, _marked, _lanes, parts.Pipeline.Changes);
        _catchingUp = true;
        lanes?.BeginWalk();
        MemberWalk? walk = null;
        walk = new MemberWalk(changes.Read, parts.Grains, parts.Schedule, position, changes.Through, self => new CatchUpWanted(holder, self), () => OnCaughtUp(walk!), lanes is null ? null : lanes.MustWait);
        _catchUp = walk;
        changes.WhenLoaded(position, parts.Schedule, walk.Start);
    }

    /// <summary>The connection is gone.</summary>
    public void Stop() => _catchUp?.Stop();

    /// <summary>Says up to which position every change has been sent. From any thread.</summary>
    /// <param name="isRepeated">Whether to say it again where it has not moved.</param>
    public void SendMark(bool isRepeated = true)
    {
        // Read before sending: everything released up to it was queued before the mark is.
        var position = parts.Pipeline.ReleasedPosition;
        lock (gate)
        {
            if (_catchingUp)
            {
                return;
            }

            if (_lanes is { IsBehind: true })
            {
                Walk(); // what was dropped for a slow agent came after the last mark
                return;
            }

            if (position <= _marked && !isRepeated)
            {
                return;
            }

            _marked = Math.Max(_marked, position);
        }

        send(new HubFrame { FeedMark = new FeedMark { Position = position } });
    }

    private void OnCaughtUp(MemberWalk walk)
    {
        lock (gate)
        {
            if (_catchUp != walk)
            {
                return;
            }

            _catchingUp = false;
            _lanes?.EndWalk();
        }

        SendMark();
    }
}
