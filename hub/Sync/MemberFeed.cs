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

    /// <summary>Begins after a position of the journal.</summary>
    public void CatchUp(Holder holder, long position)
    {
        _catchingUp = true;
        MemberWalk? walk = null;
        walk = new MemberWalk(parts.Journal, parts.Grains, parts.Schedule, position, parts.Journal.LastPosition, self => new CatchUpWanted(holder, self), () => OnCaughtUp(walk!));
        _catchUp = walk;
        walk.Start();
    }

    /// <summary>The connection is gone.</summary>
    public void Stop() => _catchUp?.Stop();

    /// <summary>Says up to which position every change has been sent. From any thread.</summary>
    public void SendMark()
    {
        // Read before sending: everything released up to it was queued before the mark is.
        var position = parts.Pipeline.ReleasedPosition;
        lock (gate)
        {
            if (_catchingUp)
            {
                return;
            }
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
        }

        SendMark();
    }
}
