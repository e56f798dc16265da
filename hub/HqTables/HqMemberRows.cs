using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Storage;
using SyncHub.Storage.Hq;

namespace SyncHub.Hub.HqTables;

/// <summary>All rows of one member as its state says them.</summary>
internal sealed class HqMemberRows
{
    private readonly HqMember _member;
    private readonly List<HqWallet> _wallets = [];
    private readonly List<HqLot> _lots = [];
    private readonly List<HqRightLine> _lines = [];

    private HqMemberRows(HqMember member) => _member = member;

    /// <summary>Of a state.</summary>
    public static HqMemberRows Of(StreamId member, MemberState state)
    {
        var rows = new HqMemberRows(new HqMember(member, state.Version, state.Registered, state.IsErased, state.IsAlias ? new StreamId(state.AliasOf.Value) : null, state.Profile.Phone.Length > 0, state.Profile.Card.Length > 0,
            state.LifetimeSpendMinor, state.Credit.ReceivableMinor, state.Followers.Count, state.RecordedAtMs));
        foreach (var bucket in state.Buckets)
        {
            rows.Add(member, state, bucket, bucket.Bucket.ToString());
        }

        return rows;
    }

    /// <summary>Adds to a page what the tables lack, where they have <paramref name="before"/> of the member; null: nobody knows what they have.</summary>
    public void AddTo(HqPage page, HqMemberRows? before)
    {
        if (before is null || before.HasMoreThan(this))
        {
            page.Members.Add(_member);
            page.Replaced.Add(_member.Member);
            page.Wallets.AddRange(_wallets);
            page.Lots.AddRange(_lots);
            page.RightLines.AddRange(_lines);
            return;
        }

        // Records of C# are equal where all of their columns are.
        if (_member != before._member)
        {
            page.Members.Add(_member);
        }

        page.Wallets.AddRange(_wallets.Where(row => !before._wallets.Contains(row)));
        page.Lots.AddRange(_lots.Where(row => !before._lots.Contains(row)));
        page.RightLines.AddRange(_lines.Where(row => !before._lines.Contains(row)));
    }

    private bool HasMoreThan(HqMemberRows after) =>
        _wallets.Exists(row => !after._wallets.Exists(other => other.Bucket == row.Bucket))
        || _lots.Exists(row => !after._lots.Exists(other => (other.OriginStore, other.Terms, other.ExpiryDay) == (row.OriginStore, row.Terms, row.ExpiryDay)))
        || _lines.Exists(row => !after._lines.Exists(other => (other.Store, other.Incarnation, other.Bucket) == (row.Store, row.Incarnation, row.Bucket)));

    private void Add(StreamId member, MemberState state, BucketState bucket, string name)
    {
        var atStores = 0L;
        foreach (var line in bucket.Lines)
        {
            atStores = checked(atStores + line.Outstanding);
            _lines.Add(new HqRightLine(member, line.Holder.Store.Value, line.Holder.Incarnation.Value, name, line.Granted, line.Credited, line.Debited, line.Relinquished, line.Disowned, line.Outstanding));
        }

        if (bucket.Bucket.Kind == BucketKind.Lot)
        {
            var lot = bucket.Bucket.Lot;
            _lots.Add(new HqLot(member, lot.OriginStore.Value, lot.Terms, lot.ExpiryDay, bucket.Total, bucket.Pool, atStores));
        }
        else
        {
            _wallets.Add(new HqWallet(member, name, (bucket.Bucket == Bucket.Points ? Asset.Points : state.Currency).Code, bucket.Total, bucket.Pool, atStores));
        }
    }
}
