using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>What a member's events say of merges: whose alias it is, who its aliases are, and what went from and to whom, cumulative.</summary>
internal sealed class MergeFold
{
    public UInt128 AliasOf { get; private set; }

    public HashSet<UInt128> Aliases { get; } = [];

    public Dictionary<(UInt128 Peer, BucketKey Bucket), Int128> Sent { get; } = [];

    public Dictionary<(UInt128 Peer, BucketKey Bucket), Int128> Taken { get; } = [];

    /// <summary>Applies an event; false where it is none of a merge.</summary>
    public bool Apply(MemberFold member, MemberEventRecord change)
    {
        switch (change.EventCase)
        {
            case MemberEventRecord.EventOneofCase.MergeOffered or MemberEventRecord.EventOneofCase.MergeOfferWithdrawn:
                return true;
            case MemberEventRecord.EventOneofCase.MergedInto:
                AliasOf = Member(change.MergedInto.Survivor);
                member.Profile.WasMerged = true;
                return true;
            case MemberEventRecord.EventOneofCase.MergeUndone:
                AliasOf = UInt128.Zero;
                return true;
            case MemberEventRecord.EventOneofCase.AliasReleased:
                Aliases.Remove(Member(change.AliasReleased.Alias));
                return true;
            case MemberEventRecord.EventOneofCase.AliasTaken:
                Aliases.Add(Member(change.AliasTaken.Alias));
                member.LargestBasket = Int128.Max(member.LargestBasket, change.AliasTaken.LargestBasketMinor);
                member.Profile.TakeTags(change.AliasTaken.Tags);
                foreach (var store in change.AliasTaken.Followers)
                {
                    member.Follow(store);
                }

                return true;
            default:
                return false;
        }
    }

    /// <summary>Raises the totals with one peer; by how much each bucket's value changes.</summary>
    public IReadOnlyList<(BucketKey Bucket, Int128 Amount)> Move(ValueMovedEvent moved, bool isSent)
    {
        var totals = isSent ? Sent : Taken;
        var increments = new List<(BucketKey, Int128)>();
        foreach (var line in moved.Lines)
        {
            var key = (Member(moved.Peer), BucketKey.Of(line.Bucket));
            var amount = line.Total - totals.GetValueOrDefault(key);
            if (amount > 0)
            {
                totals[key] = line.Total;
                increments.Add((key.Item2, isSent ? -amount : amount));
            }
        }

        return increments;
    }

    /// <summary>A store moved value from an alias's line here; whether it is an alias.</summary>
    public bool TakeOp(OpEnvelope op) => Aliases.Contains(OpReader.OtherMemberOf(op));

    /// <summary>Compares with a snapshot.</summary>
    public void Compare(MemberSnapshot snapshot, Action<string, Int128, Int128> expect)
    {
        expect("whether it is an alias of the member that it says", 1, Member(snapshot.AliasOf) == AliasOf ? 1 : 0);
        foreach (var alias in Aliases.Union(snapshot.Aliases.Select(alias => Member(alias.News.Alias))))
        {
            expect($"whether member {MemberText.Of(alias)} is its alias", Aliases.Contains(alias) ? 1 : 0, snapshot.Aliases.Any(found => Member(found.News.Alias) == alias) ? 1 : 0);
        }

        Compare("sent to", Sent, snapshot.Sent, expect);
        Compare("taken from", Taken, snapshot.Taken, expect);
    }

    private static void Compare(string what, Dictionary<(UInt128 Peer, BucketKey Bucket), Int128> should, IEnumerable<ValueMovedEvent> does, Action<string, Int128, Int128> expect)
    {
        var found = does.SelectMany(moved => moved.Lines.Select(line => (Key: (Member(moved.Peer), BucketKey.Of(line.Bucket)), line.Total))).ToDictionary(line => line.Key, line => (Int128)line.Total);
        foreach (var key in should.Keys.Union(found.Keys))
        {
            expect($"{key.Item2} {what} member {MemberText.Of(key.Item1)}", should.GetValueOrDefault(key), found.GetValueOrDefault(key));
        }
    }

    private static UInt128 Member(ByteString bytes) => bytes.Length == 16 ? BinaryPrimitives.ReadUInt128BigEndian(bytes.Span) : UInt128.Zero;
}
