using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>Sends one message to every member that changed after a position, a page at a time, and says when all were handled.</summary>
/// <remarks>Thread rule: <see cref="OnHandled"/> from any thread. Crash rule: it remembers nothing; who needs it again starts it again.</remarks>
internal sealed class MemberWalk(IJournal journal, GrainDirectory grains, ISchedule schedule, long position, Func<MemberWalk, MemberMessage> message, Action done)
{
    private const int Page = 500;
    private long _position = position;
    private int _waiting;
    private volatile bool _isStopped;

    /// <summary>Members that were gone through.</summary>
    public long Members { get; private set; }

    /// <summary>Money that was moved, minor units.</summary>
    public long AmountMinor => Interlocked.Read(ref _amountMinor);

    private long _amountMinor;

    /// <summary>Starts.</summary>
    public void Start() => schedule.Run(Next);

    /// <summary>Sends no more pages.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>One member was handled, and what it came to is durable.</summary>
    public void OnHandled(long amountMinor = 0)
    {
        Interlocked.Add(ref _amountMinor, amountMinor);
        if (Interlocked.Decrement(ref _waiting) == 0 && !_isStopped)
        {
            schedule.Run(Next);
        }
    }

    private void Next()
    {
        var page = journal.ReadChanges(_position, Page);
        if (page.Count == 0)
        {
            done();
            return;
        }

        _position = page[^1].Position;
        Members += page.Count;
        Volatile.Write(ref _waiting, page.Count);
        foreach (var change in page)
        {
            grains.Post(new GrainMessage(new MemberId(change.Stream.Value), message(this)));
        }
    }
}
