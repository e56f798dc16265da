using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.Storage.Hq;

namespace SyncHub.Hub.HqTables;

/// <summary>From records to the rows of HQ: each record's own, and the state of each member that it leads to.</summary>
/// <remarks>
/// It keeps the members that changed lately, so that a record costs one fold and no read; others are read as a grain is activated, and may then be ahead of the
/// records at hand: their rows say so by their version, and the records that come next change nothing. Not thread-safe. It remembers nothing that it could not read again.
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
        var changed = new Dictionary<StreamId, MemberState>();
        foreach (var record in records)
        {
            var (change, recordedAtMs) = Grain.Decode(record);
            changed[record.Stream] = Apply(record, change, recordedAtMs);
            HqRecord.AddTo(record, change, page);
        }

        foreach (var (stream, state) in changed)
        {
            AddTo(page, stream, state);
        }

        while (_members.Count > MostKept)
        {
            _members.Remove(_byUse.First!.Value);
            _byUse.RemoveFirst();
        }

        return page;
    }

    private MemberState Apply(StoredRecord record, MemberEvent change, long recordedAtMs)
    {
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

        var state = Grain.Activate(new MemberId(record.Stream.Value), currency, journal).Machine.State;
        _members[record.Stream] = (state, _byUse.AddLast(record.Stream));
        return state;
    }

    private static void AddTo(HqPage page, StreamId member, MemberState state)
    {
        page.Members.Add(new HqMember(member, state.Version, state.Registered, state.IsErased, state.IsAlias ? new StreamId(state.AliasOf.Value) : null, state.Profile.Phone.Length > 0, state.Profile.Card.Length > 0,
            state.LifetimeSpendMinor, state.Credit.ReceivableMinor, state.Followers.Count, state.RecordedAtMs));
        foreach (var bucket in state.Buckets)
        {
            var atStores = bucket.Lines.Sum(line => line.Outstanding);
            if (bucket.Bucket.Kind == Core.Wallets.BucketKind.Lot)
            {
                var lot = bucket.Bucket.Lot;
                page.Lots.Add(new HqLot(member, lot.OriginStore.Value, lot.Terms, lot.ExpiryDay, bucket.Total, bucket.Pool, atStores));
            }
            else
            {
                page.Wallets.Add(new HqWallet(member, bucket.Bucket.ToString(), (bucket.Bucket == Core.Wallets.Bucket.Points ? Asset.Points : state.Currency).Code, bucket.Total, bucket.Pool, atStores));
            }

            foreach (var line in bucket.Lines)
            {
                page.RightLines.Add(new HqRightLine(member, line.Holder.Store.Value, line.Holder.Incarnation.Value, bucket.Bucket.ToString(), line.Granted, line.Credited, line.Debited, line.Relinquished, line.Disowned, line.Outstanding));
            }
        }
    }
}
