using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>Which members changed last, and where: what the stores that are back have to hear of, without a walk over the journal for each of them.</summary>
/// <remarks>
/// The journal finds a stream's newest record by going through all that came after a position; a hundred stores that are back at once would each go through the same million.
/// Here every member is once, at its newest change. What is older than this hub is read from the journal when the first store asks for it, for all of them.
/// Thread rule: any thread. Crash rule: nothing is remembered; the next hub reads again.
/// </remarks>
/// <param name="journal">Where older changes are read.</param>
/// <param name="most">How many members it holds; those that changed longest ago go first.</param>
internal sealed class RecentChanges(IJournal journal, int most = RecentChanges.UsualMost)
{
    /// <summary>Some 30 MB at the most.</summary>
    public const int UsualMost = 200_000;

    private const int Page = 5_000;
    private const int Slack = 4_096;

    // Positions. A store that was away for longer goes through the journal by itself, and nobody waits for that.
    private const long FarthestLoad = 4_000_000;

    // Who is back next was away about as long.
    private const long LoadedBefore = 250_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<StreamId, int> _places = []; // of each member's newest change
    private readonly List<(long Position, Action Action)> _waiting = [];
    private List<StreamChange> _changes = []; // by position; overtaken ones stay until the next packing
    private long _from = journal.LastPosition;
    private long _through = journal.LastPosition;
    private bool _isLoading;

    /// <summary>The position of the newest record that was noted. What is durable after it is still to be released.</summary>
    public long Through
    {
        get
        {
            lock (_gate)
            {
                return _through;
            }
        }
    }

    /// <summary>Records are durable, and what they caused is about to leave.</summary>
    /// <param name="records">In the order of the journal.</param>
    /// <param name="position">Of the newest of them.</param>
    public void Note(IReadOnlyList<NewRecord> records, long position)
    {
        if (records.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            var before = position - records.Count;
            if (before != _through) // somebody else wrote to the journal: what lies between is not known here
            {
                _changes.Clear();
                _places.Clear();
                _from = before;
            }

            _through = position;
            var count = Switches.IsOff(Mechanism.ChangesAreNoted) ? 0 : records.Count;
            for (var i = 0; i < count; i++)
            {
                _places[records[i].Stream] = _changes.Count;
                _changes.Add(new StreamChange(records[i].Stream, records[i].Partition, before + 1 + i));
            }

            if (_changes.Count > (2 * Math.Min(_places.Count, most)) + Slack || _places.Count > most)
            {
                Pack();
            }
        }
    }

    /// <summary>As <see cref="IJournal.ReadChanges"/>, up to <see cref="Through"/> at the least.</summary>
    public IReadOnlyList<StreamChange> Read(long position, int limit)
    {
        lock (_gate)
        {
            if (position >= _from)
            {
                var page = new List<StreamChange>();
                for (var at = FirstAfter(position); at < _changes.Count && page.Count < limit; at++)
                {
                    if (IsNewest(at))
                    {
                        page.Add(_changes[at]);
                    }
                }

                return page;
            }
        }

        return journal.ReadChanges(position, limit);
    }

    /// <summary>Runs something when the changes after a position are here, or at once where they will not be.</summary>
    public void WhenLoaded(long position, ISchedule schedule, Action action)
    {
        lock (_gate)
        {
            if (position < _from && _from - position <= FarthestLoad && _places.Count < most / 2)
            {
                _waiting.Add((position, action));
                if (!_isLoading)
                {
                    _isLoading = true;
                    schedule.Run(Load);
                }

                return;
            }
        }

        action();
    }

    private void Load()
    {
        while (TakeWaiting() is { } waiting)
        {
            try
            {
                if (waiting.From < waiting.To)
                {
                    Load(waiting.From, waiting.To);
                }
            }
            catch
            {
                lock (_gate)
                {
                    _isLoading = false;
                    waiting.Actions.AddRange(_waiting.Select(static other => other.Action));
                    _waiting.Clear();
                }

                throw; // each goes through the journal by itself, and says what is wrong with it
            }
            finally
            {
                waiting.Actions.ForEach(static action => action());
            }
        }
    }

    private Waiting? TakeWaiting()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                _isLoading = false;
                return null;
            }

            // Who was away for a short time does not wait for who was away for long. Each load reaches twice as far as it has to, so that there are few.
            var nearest = _waiting.Max(static waiting => waiting.Position);
            var from = nearest < _from ? Math.Max(0, nearest - Math.Max(LoadedBefore, _through - nearest)) : _from;
            var taken = new Waiting(from, _from, [.. _waiting.Where(waiting => waiting.Position >= from).Select(static waiting => waiting.Action)]);
            _waiting.RemoveAll(waiting => waiting.Position >= from);
            return taken;
        }
    }

    private void Load(long from, long to)
    {
        var older = new List<StreamChange>();
        for (var position = from; position < to;)
        {
            var page = journal.ReadChanges(position, Page);
            older.AddRange(page.TakeWhile(change => change.Position <= to));
            position = page.Count > 0 ? page[^1].Position : to;
            if (older.Count - most is var dropped && dropped > most)
            {
                from = older[dropped - 1].Position;
                older.RemoveRange(0, dropped);
            }
        }

        lock (_gate)
        {
            if (_from == to) // else so much has changed meanwhile that there is no room for older changes
            {
                _from = from;
                older.AddRange(_changes);
                _changes = older;
                Index();
                Pack();
            }
        }
    }

    // Under the lock, as all below. In place: lists of this size would be collected by the slowest collection only.
    private void Pack()
    {
        var kept = 0;
        for (var at = 0; at < _changes.Count; at++)
        {
            if (IsNewest(at))
            {
                _places[_changes[at].Stream] = kept;
                _changes[kept++] = _changes[at];
            }
        }

        _changes.RemoveRange(kept, _changes.Count - kept);
        if (kept > most)
        {
            var dropped = kept - (most - (most / 4));
            _from = _changes[dropped - 1].Position;
            _changes.RemoveRange(0, dropped);
            Index();
        }
    }

    private void Index()
    {
        _places.Clear();
        for (var at = 0; at < _changes.Count; at++)
        {
            _places[_changes[at].Stream] = at;
        }
    }

    private bool IsNewest(int at) => _places.TryGetValue(_changes[at].Stream, out var newest) && newest == at;

    private int FirstAfter(long position)
    {
        var (low, high) = (0, _changes.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _changes[middle].Position > position ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private sealed record Waiting(long From, long To, List<Action> Actions);
}
