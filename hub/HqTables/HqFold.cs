using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.Storage.Hq;

namespace SyncHub.Hub.HqTables;

/// <summary>From records to the rows of HQ: each record's own, and the state of each member that it leads to.</summary>
/// <remarks>
/// It keeps the members that changed lately, so that a record costs one fold and no read, and only the rows that it changed are written; others are read as a grain is activated, and may then be ahead of the
/// records at hand: their rows say so by their version, and the records that come next change nothing. Not thread-safe. It remembers nothing that it could not read again, and after a page that was not written it must not be used any more.
/// </remarks>
internal sealed class HqFold(IJournal journal, Asset currency)
{
    private const int MostKept = 20_000; // members, some 4 KB each

    private readonly Dictionary<StreamId, (MemberState State, LinkedListNode<StreamId> Place)> _members = [];
    private readonly LinkedList<StreamId> _byUse = [];

    /// <summary>The rows of some records that follow one another.</summary>
    /// <param name="from">The position before the first one.</param>
    /// <param name="records">At least one record.</param>
    public HqPage Project(long from, IReadOnlyList<StoredRecord> records)
    {
        var page = new HqPage(from, records[^1].Position);
        var changed = new Dictionary<StreamId, (MemberState State, HqMemberRows? Before)>();
        foreach (var record in records)
        {
            var (change, recordedAtMs) = Grain.Decode(record);
            var before = changed.TryGetValue(record.Stream, out var earlier) ? earlier.Before : RowsNow(record.Stream);
            var state = Apply(record, change, recordedAtMs, out var isRead);
            changed[record.Stream] = (state, isRead ? null : before);
            HqRecord.AddTo(record, change, page);
        }

        foreach (var (stream, (state, before)) in changed)
        {
            HqMemberRows.Of(stream, state).AddTo(page, before);
        }

        while (_members.Count > MostKept)
        {
            _members.Remove(_byUse.First!.Value);
            _byUse.RemoveFirst();
        }

        return page;
    }

    // What an earlier page has written of a member that is kept.
    private HqMemberRows? RowsNow(StreamId stream) => _members.TryGetValue(stream, out var kept) ? HqMemberRows.Of(stream, kept.State) : null;

    private MemberState Apply(StoredRecord record, MemberEvent change, long recordedAtMs, out bool isRead)
    {
        isRead = false;
        if (_members.TryGetValue(record.Stream, out var kept))
        {
            _byUse.Remove(kept.Place);
            _byUse.AddLast(kept.Place);
            if (kept.State.Version == record.Version - 1)
            {
                kept.State.Apply(change, recordedAtMs);
            }

            if (kept.State.Version >= record.Version)
            {
                return kept.State;
            }

            _byUse.Remove(kept.Place);
        }

        isRead = true;
        var state = Grain.Activate(new MemberId(record.Stream.Value), currency, journal).Machine.State;
        _members[record.Stream] = (state, _byUse.AddLast(record.Stream));
        return state;
    }
}
