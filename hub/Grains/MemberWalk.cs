using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>Sends one message to every member whose newest event lies between two positions, a page at a time, and says when all were handled.</summary>
/// <param name="read">Reads members as <see cref="IJournal.ReadChanges"/> does.</param>
/// <param name="grains">Where the messages go.</param>
/// <param name="schedule">What runs the next page.</param>
/// <param name="position">Members whose newest event is after this one.</param>
/// <param name="end">And not after this one: whoever walks hears of later events by himself. <see cref="long.MaxValue"/> where he does not.</param>
/// <param name="message">What each one is sent; its reply is the walk.</param>
/// <param name="done">Told at the end, unless it was stopped.</param>
/// <param name="mustWait">Asked before each page: whether it must wait, until what it was given is called; null where nothing hinders it.</param>
/// <remarks>Thread rule: <see cref="OnHandled"/> from any thread. Crash rule: it remembers nothing; who needs it again starts it again.</remarks>
internal sealed class MemberWalk(Func<long, int, IReadOnlyList<StreamChange>> read, GrainDirectory grains, ISchedule schedule, long position, long end, Func<MemberWalk, MemberMessage> message, Action done, Func<Action, bool>? mustWait = null)
{
    private const int Page = 500;
    private long _position = position;
    private long _amountMinor;
    private long _moved;
    private int _waiting;
    private volatile bool _isStopped;

    /// <summary>How often a member was gone through: one that changes on the way is met again.</summary>
    public long Visits { get; private set; }

    /// <summary>Members whose money was moved.</summary>
    public long Moved => Interlocked.Read(ref _moved);

    /// <summary>Money that was moved, minor units.</summary>
    public long AmountMinor => Interlocked.Read(ref _amountMinor);

    /// <summary>Starts.</summary>
    public void Start() => schedule.Run(Next);

    /// <summary>Sends no more pages.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>One member was handled, and what it came to is durable.</summary>
    public void OnHandled(long amountMinor = 0)
    {
        Interlocked.Add(ref _amountMinor, amountMinor);
        Interlocked.Add(ref _moved, amountMinor == 0 ? 0 : 1);
        if (Interlocked.Decrement(ref _waiting) == 0 && !_isStopped)
        {
            schedule.Run(Next);
        }
    }

    private void Next()
    {
        if (_isStopped || (mustWait is not null && mustWait(() => schedule.Run(Next))))
        {
            return;
        }

        var page = read(_position, Page);
        var members = page.Count > 0 && page[^1].Position <= end ? page.Count : page.TakeWhile(change => change.Position <= end).Count();
        if (members == 0)
        {
            done();
            return;
        }

        _position = page[members - 1].Position;
        Visits += members;
        Volatile.Write(ref _waiting, members);
        foreach (var change in page.Take(members))
        {
            grains.Post(new GrainMessage(new MemberId(change.Stream.Value), message(this)));
        }
    }
}
