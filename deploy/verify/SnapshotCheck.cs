using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>The part of check 6 that looks at snapshots: each must be what the records up to its version add up to.</summary>
internal sealed class SnapshotCheck(FindingLog findings)
{
    private readonly Dictionary<UInt128, SnapshotRow> _open = [];

    public void Load(IJournalRows file)
    {
        foreach (var snapshot in file.Snapshots())
        {
            _open[snapshot.Stream.Value] = snapshot;
        }
    }

    /// <summary>Compares the member's snapshot where it is of this version.</summary>
    public void Compare(MemberFold member)
    {
        if (!_open.TryGetValue(member.Id, out var row) || row.Version != member.Version)
        {
            return;
        }

        _open.Remove(member.Id);
        try
        {
            Compare(member, MemberSnapshot.Parser.ParseFrom(row.Payload));
        }
        catch (InvalidProtocolBufferException error)
        {
            findings.AddWallet(FindingCodes.SnapshotUnreadable, member.Id, $"its snapshot of version {row.Version} cannot be read: {error.Message}");
        }
    }

    /// <summary>After all records: snapshots of versions that never came.</summary>
    public void CheckUnmatched()
    {
        foreach (var row in _open.Values)
        {
            findings.AddWallet(FindingCodes.SnapshotAhead, row.Stream.Value, $"it has a snapshot of version {row.Version}, but no record of that version");
        }
    }

    private void Compare(MemberFold member, MemberSnapshot snapshot)
    {
        void Expect(string what, Int128 expected, Int128 found)
        {
            if (expected != found)
            {
                findings.AddWallet(FindingCodes.SnapshotDiffers, member.Id, $"{what} is {found} in the snapshot of version {member.Version}; the records add up to {expected}");
            }
        }

        Expect("registered", member.Registered ? 1 : 0, snapshot.Registered ? 1 : 0);
        Expect("lifetime spend", member.LifetimeSpend, snapshot.LifetimeSpendMinor);
        Expect("largest basket", member.LargestBasket, snapshot.LargestBasketMinor);
        CompareBaskets(member, snapshot, Expect);
        CompareCredit(member.Credit, snapshot, Expect);
        CompareBuckets(member, snapshot, Expect);
        ComparePlaces(member, snapshot, Expect);
        CompareParked(member, snapshot, Expect);
        member.Merge.Compare(snapshot, Expect);
        CompareUndone(member, snapshot, Expect);
        member.Profile.Compare(snapshot, Expect);
        Expect("the sum of principal parcels", Int128.Max(0, member.TotalOf(BucketKind.Principal)), Sum(snapshot.Parcels, parcel => parcel.RemainingMinor));
    }

    // A list that was begun by a later version of the product is shorter than the records would make it: its end must agree.
    private static void CompareBaskets(MemberFold member, MemberSnapshot snapshot, Action<string, Int128, Int128> expect)
    {
        var missing = member.RecentBaskets.Count - snapshot.RecentBaskets.Count;
        if (missing < 0)
        {
            expect("the number of recent baskets", member.RecentBaskets.Count, snapshot.RecentBaskets.Count);
            return;
        }

        for (var i = 0; i < snapshot.RecentBaskets.Count; i++)
        {
            expect($"recent basket {i + 1}", member.RecentBaskets[missing + i], snapshot.RecentBaskets[i]);
        }
    }

    private static void CompareCredit(CreditFold credit, MemberSnapshot snapshot, Action<string, Int128, Int128> expect)
    {
        expect("the credit limit", credit.Limit, snapshot.CreditLimitMinor);
        expect("the used credit", credit.Used, snapshot.CreditUsedMinor);
        expect("what is owed for voided top-ups", credit.Owed, snapshot.OwedMinor);
        expect("what was settled", credit.Settled, snapshot.SettledMinor);
        var found = new Dictionary<ProducerId, (Int128, Int128)>();
        foreach (var line in snapshot.Floor)
        {
            found[new ProducerId(line.Store, line.Incarnation)] = (line.AdvancedMinor, line.SettledMinor);
        }

        foreach (var holder in credit.Floor.Keys.Union(found.Keys))
        {
            var (should, does) = (credit.Floor.GetValueOrDefault(holder), found.GetValueOrDefault(holder));
            expect($"what {OpText.Of(holder)} advanced", should.Advanced, does.Item1);
            expect($"what was settled of the advances of {OpText.Of(holder)}", should.Settled, does.Item2);
        }
    }

    private void CompareBuckets(MemberFold member, MemberSnapshot snapshot, Action<string, Int128, Int128> expect)
    {
        var found = new Dictionary<BucketKey, WalletBucketState>();
        foreach (var bucket in snapshot.Buckets)
        {
            found[BucketKey.Of(bucket.Bucket)] = bucket;
            CheckItself(member, BucketKey.Of(bucket.Bucket), bucket);
        }

        var (noFold, noState) = (new BucketFold(), new WalletBucketState());
        // A bucket that only one side lists must be all zeros.
        foreach (var key in member.Buckets.Keys.Union(found.Keys))
        {
            var (should, does) = (member.Buckets.GetValueOrDefault(key, noFold), found.GetValueOrDefault(key, noState));
            expect($"the pool of {key}", should.Pool, does.Pool);
            expect($"the credits of {key}", should.Credited, does.Credited);
            expect($"the debits of {key}", should.Debited, does.Debited);
            expect($"the loss of {key}", should.Loss, does.Loss);
            expect($"the breakage of {key}", should.Breakage, does.Breakage);
            expect($"the unbacked use of {key}", should.Unbacked, does.Unbacked);
            expect($"what came by merge into {key}", should.MovedIn, does.MovedIn);
            expect($"what left by merge from {key}", should.MovedOut, does.MovedOut);
            CompareLines(key, should, does, expect);
        }
    }

    private static void CompareLines(BucketKey key, BucketFold should, WalletBucketState does, Action<string, Int128, Int128> expect)
    {
        var found = new Dictionary<ProducerId, RightLine>();
        foreach (var line in does.Lines)
        {
            found[new ProducerId(line.Store, line.Incarnation)] = line;
        }

        var (noFold, noLine) = (new LineFold(), new RightLine());
        foreach (var holder in should.Lines.Keys.Union(found.Keys))
        {
            var (left, right) = (should.Lines.GetValueOrDefault(holder, noFold), found.GetValueOrDefault(holder, noLine));
            var line = $"of the line of {OpText.Of(holder)} in {key}";
            expect($"G {line}", left.Granted, right.Granted);
            expect($"C {line}", left.Credited, right.Credited);
            expect($"D {line}", left.Debited, right.Debited);
            expect($"R {line}", left.Relinquished, right.Relinquished);
            expect($"F {line}", left.Disowned, right.Disowned);
            expect($"A {line}", left.Outstanding, right.Outstanding);
            expect($"whether {(left.Payer.Length > 0 ? left.Payer : "the store itself")} is the payer {line}", 1, left.Payer == right.Payer ? 1 : 0);
        }
    }

    // What a snapshot says must hold in itself too: it is what a member is rebuilt from.
    private void CheckItself(MemberFold member, BucketKey key, WalletBucketState state)
    {
        var held = Sum(state.Lines, line => line.Outstanding);
        var total = (Int128)state.Credited - state.Debited + state.Loss - state.Breakage + state.MovedIn - state.MovedOut;
        var rights = Sum(state.Lines, line => (Int128)line.Outstanding + line.Disowned - line.Granted - line.Credited + line.Debited + line.Relinquished);
        var mayOwe = member.Buckets.TryGetValue(key, out var fold) && fold.LowestPool < 0;
        if ((!mayOwe && (state.Pool < 0 || total < 0)) || state.Lines.Any(line => line.Outstanding < 0 || line.Disowned < 0))
        {
            findings.AddWallet(FindingCodes.NegativeAmount, member.Id, $"its snapshot of version {member.Version} has a negative amount in {key} (pool {state.Pool}, in all {total}); expected 0 or more");
        }

        if (state.Pool + held != total || rights != state.Unbacked)
        {
            findings.AddWallet(FindingCodes.WalletUnbalanced, member.Id, $"its snapshot of version {member.Version} has {state.Pool} free and {held} held of {key}, but {total} in all");
        }
    }

    private static void ComparePlaces(MemberFold member, MemberSnapshot snapshot, Action<string, Int128, Int128> expect)
    {
        foreach (var store in member.Followers.Union(snapshot.Followers))
        {
            expect($"whether store {store} keeps a replica", member.Followers.Contains(store) ? 1 : 0, snapshot.Followers.Contains(store) ? 1 : 0);
        }

        var words = snapshot.FollowWords.ToDictionary(word => (long)word.Store, word => word.Incarnation);
        foreach (var store in member.FollowWords.Keys.Union(words.Keys))
        {
            expect($"the life in which store {store} last said whether it follows", member.FollowWords.GetValueOrDefault(store), words.GetValueOrDefault(store));
        }

        var found = new Dictionary<ProducerId, long>();
        foreach (var producer in snapshot.Producers)
        {
            found[new ProducerId(producer.Store, producer.Incarnation)] = producer.Sequence;
        }

        foreach (var holder in member.Newest.Keys.Union(found.Keys))
        {
            expect($"the newest op of {OpText.Of(holder)}", member.Newest.GetValueOrDefault(holder), found.GetValueOrDefault(holder));
        }
    }

    private static void CompareParked(MemberFold member, MemberSnapshot snapshot, Action<string, Int128, Int128> expect)
    {
        var found = new Dictionary<ProducerId, long>();
        foreach (var parked in snapshot.Parked)
        {
            found[new ProducerId(parked.Store, parked.Incarnation)] = parked.SinceSequence;
        }

        foreach (var chain in member.Parked.Keys.Union(found.Keys))
        {
            expect($"the first parked op of {OpText.Of(chain)}", member.Parked.GetValueOrDefault(chain), found.GetValueOrDefault(chain));
        }
    }

    private static void CompareUndone(MemberFold member, MemberSnapshot snapshot, Action<string, Int128, Int128> expect)
    {
        if (!snapshot.CountsUndone)
        {
            return; // older than the count; the hub does not use it any more
        }

        var found = new Dictionary<(ProducerId, long), UndoneState>();
        foreach (var undone in snapshot.Undone)
        {
            found[(new ProducerId(undone.Op.Store, undone.Op.Incarnation), undone.Op.Sequence)] = undone;
        }

        foreach (var ((producer, sequence), undo) in member.Undone)
        {
            var name = $"the undoing of {OpText.Of(producer, sequence)}";
            var state = found.Remove((producer, sequence), out var kept) ? kept : new UndoneState();
            var owner = state.Store == 0 ? producer : new ProducerId(state.Store, state.Incarnation);
            expect($"whether {name} is a void", undo.IsVoided ? 1 : 0, state.Voided ? 1 : 0);
            expect($"the store with the right to {name}", undo.Owner.Store, owner.Store);
            expect($"the incarnation with the right to {name}", undo.Owner.Incarnation, owner.Incarnation);
            expect($"the start of the right to {name}", undo.Since, state.Store == 0 ? sequence : state.Since);
            foreach (var (key, amount) in undo.Sums)
            {
                expect($"the {key.Kind} of {key.Bucket} in {name}", amount, Sum(state.GivenBack.Where(move => move.Kind == key.Kind && BucketKey.Of(move.Bucket) == key.Bucket), move => move.AmountMinor));
            }

            expect($"the number of sums in {name}", undo.Sums.Count, state.GivenBack.Count);
        }

        expect("the number of undone ops that no record knows", 0, found.Count);
    }

    private static Int128 Sum<T>(IEnumerable<T> items, Func<T, Int128> amount)
    {
        Int128 sum = 0;
        foreach (var item in items)
        {
            sum += amount(item);
        }

        return sum;
    }
}
