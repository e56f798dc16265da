using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>A member as the records of one stream add it up.</summary>
internal sealed partial class MemberFold(UInt128 id)
{
    public UInt128 Id { get; } = id;

    public long Version { get; set; }

    public bool Registered { get; private set; }

    public ProfileFold Profile { get; } = new();

    public MergeFold Merge { get; } = new();

    public Int128 LifetimeSpend { get; private set; }

    public Int128 LargestBasket { get; set; }

    /// <summary>What the newest sixteen sales with stored value came to, oldest first.</summary>
    public List<Int128> RecentBaskets { get; } = [];

    public Dictionary<BucketKey, BucketFold> Buckets { get; } = [];

    /// <summary>Stores that keep a replica.</summary>
    public SortedSet<int> Followers { get; } = [];

    /// <summary>The newest op of each holder about this member.</summary>
    public Dictionary<ProducerId, long> Newest { get; } = [];

    /// <summary>Ops that were undone, or whose refund right was moved.</summary>
    public Dictionary<(ProducerId Store, long Sequence), UndoFold> Undone { get; } = [];

    /// <summary>The first op of each chain that was parked; later ones of it wait too.</summary>
    public Dictionary<ProducerId, long> Parked { get; } = [];

    /// <summary>Every op that is parked and was not taken up again.</summary>
    public HashSet<(ProducerId Chain, long Sequence)> ParkedOps { get; } = [];

    public UndoFold UndoneOf(ProducerId store, long sequence)
    {
        if (!Undone.TryGetValue((store, sequence), out var undo))
        {
            Undone.Add((store, sequence), undo = new UndoFold(store, sequence));
        }

        return undo;
    }

    public BucketFold BucketOf(BucketKey key)
    {
        if (!Buckets.TryGetValue(key, out var bucket))
        {
            Buckets.Add(key, bucket = new BucketFold());
        }

        return bucket;
    }

    /// <summary>W over the buckets of one kind.</summary>
    public Int128 TotalOf(BucketKind kind)
    {
        Int128 total = 0;
        foreach (var (key, bucket) in Buckets)
        {
            total += key.Kind == kind ? bucket.Total : 0;
        }

        return total;
    }

    /// <summary>Takes an op's place in its chain, whatever comes of it.</summary>
    public void Pass(ProducerId chain, long sequence) => Newest[chain] = Math.Max(sequence, Newest.GetValueOrDefault(chain));

    /// <summary>Keeps an op without moving value.</summary>
    public void Park(ProducerId chain, long sequence)
    {
        Pass(chain, sequence);
        Parked.TryAdd(chain, sequence);
        ParkedOps.Add((chain, sequence));
    }

    /// <summary>Takes a parked op up again; false where none of that name waits.</summary>
    public bool Resume(ProducerId chain, long sequence, bool endsParking)
    {
        if (endsParking)
        {
            Parked.Remove(chain);
        }

        return ParkedOps.Remove((chain, sequence)) && (!endsParking || !ParkedOps.Any(op => op.Chain == chain));
    }

    /// <summary>Takes an op of this holder.</summary>
    public OpEffect Apply(OpEnvelope op, ProducerId holder, long recordedAtMs, UndoneOriginal? undone = null, long floorLimit = 0, ulong hashHead = 0, bool isBranch = false)
    {
        if (OpReader.FindDefect(op) is not null)
        {
            return new OpEffect(IsParked: true, Classification.Anomaly, []);
        }

        var losses = new Int128[op.Moves.Count];
        var isWrongUndo = Undo(op, holder, undone, out var latePayer);
        var isAnomaly = isWrongUndo;
        for (var i = 0; i < losses.Length; i++)
        {
            var move = op.Moves[i];
            if (move.Kind is MoveKind.Advance or MoveKind.Settle)
            {
                losses[i] = ApplyOnAccount(op, move, holder);
                continue;
            }

            var bucket = BucketOf(BucketKey.Of(move.Bucket));
            isAnomaly |= move.GrantedSeen > bucket.GrantedTo(holder);
            var unbackedBefore = bucket.Unbacked;
            losses[i] = bucket.Move(holder, move.Kind, move.AmountMinor);
            isAnomaly |= bucket.Unbacked > unbackedBefore;
            FollowCredit(move, losses[i]);
        }

        isAnomaly |= op.Type == OpType.Sale && op.Moves.Any(move => move.Kind == MoveKind.Advance) && Credit.OpenAt(holder) > floorLimit;

        Describe(op, (int)holder.Store);
        FollowWord(op, isBranch, holder);
        Profile.Apply(op, hashHead, recordedAtMs, dot => Newest.GetValueOrDefault(new ProducerId(dot.Store, dot.Incarnation)) >= dot.Sequence);
        isAnomaly |= op.Type == OpType.AliasIn && !Merge.TakeOp(op);
        var classification = isAnomaly ? Classification.Anomaly : latePayer.Length > 0 ? Classification.Liability : losses.Where((_, i) => op.Moves[i].Kind != MoveKind.Settle).Any(loss => loss > 0) ? Classification.Liability : Classification.Normal;
        return new OpEffect(IsParked: false, classification, losses) { UndoneAt = isWrongUndo || !IsUndoing(op) ? null : op.Reference?.Store, Payers = PayersOf(op, holder), LatePayer = isWrongUndo ? "" : latePayer };
    }

    public void Register(MemberProfile? profile, long recordedAtMs)
    {
        Registered = true;
        Profile.Register(profile, recordedAtMs, Version);
    }

    public void Follow(int store) => Followers.Add(store);

    /// <summary>The life in which a store last said whether it follows.</summary>
    public Dictionary<long, long> FollowWords { get; } = [];

    // Said by a store's own log alone, and not by the log of a life before the one that spoke last. A store that holds something goes on following.
    private void FollowWord(OpEnvelope op, bool isBranch, ProducerId holder)
    {
        if (op.Type is not (OpType.Follow or OpType.Unfollow) || isBranch || FollowWords.GetValueOrDefault(holder.Store) > holder.Incarnation)
        {
            return;
        }

        FollowWords[holder.Store] = holder.Incarnation;
        var holds = Buckets.Values.Any(bucket => bucket.IsHeldFrom(holder)) || Credit.OpenAt(holder) > 0;
        if (op.Type == OpType.Follow)
        {
            Follow((int)holder.Store);
        }
        else if (!holds)
        {
            Followers.Remove((int)holder.Store);
        }
    }

    private string[] PayersOf(OpEnvelope op, ProducerId holder) =>
        [.. op.Moves.Select(move => Buckets.TryGetValue(BucketKey.Of(move.Bucket), out var bucket) ? bucket.PayerOf(holder) : "")];

    private static bool IsUndoing(OpEnvelope op) => op.Type is OpType.Void or OpType.Refund;

    // I10. Records of before the hub checked it say nothing of the op undone, and are taken as they are.
    private bool Undo(OpEnvelope op, ProducerId holder, UndoneOriginal? undone, out string latePayer)
    {
        latePayer = "";
        if (!IsUndoing(op))
        {
            return false;
        }

        if (op.Reference is not { } reference)
        {
            return undone is not null;
        }

        var undo = UndoneOf(new ProducerId(reference.Store, reference.Incarnation), reference.Sequence);
        if (undo.IsFormer(holder))
        {
            latePayer = undone is { Found: true, Type: OpType.Sale or OpType.Redeem } ? undo.FormerPayer : "";
            undo = undo.Former!;
        }

        var isBroken = undone is not null && undo.IsBrokenBy(op, holder, undone, Merge.Aliases.Count > 0);
        undo.Take(op);
        return isBroken;
    }

    private void Describe(OpEnvelope op, int store)
    {
        switch (op.Type)
        {
            case OpType.RegisterMember:
                Registered = true;
                Follow(store);
                break;
            case OpType.TopUp:
                Follow(store);
                break;
            case OpType.Sale:
                Follow(store);
                LifetimeSpend += (Int128)op.BillMinor - op.DiscountMinor;
                LargestBasket = Int128.Max(LargestBasket * 98 / 100, MoneyDebited(op));
                RememberBasket(op);
                break;
            case OpType.Void or OpType.Refund:
                LifetimeSpend = Int128.Max(0, LifetimeSpend - op.BillMinor);
                break;
        }
    }

    private void RememberBasket(OpEnvelope op)
    {
        if (MoneyDebited(op) > 0)
        {
            RecentBaskets.Add((Int128)op.BillMinor - op.DiscountMinor);
        }

        if (RecentBaskets.Count > 16)
        {
            RecentBaskets.RemoveAt(0);
        }
    }

    private static Int128 MoneyDebited(OpEnvelope op)
    {
        Int128 sum = 0;
        foreach (var move in op.Moves)
        {
            sum += move.Kind == MoveKind.Debit && BucketKey.Of(move.Bucket).IsMoney ? move.AmountMinor : 0;
        }

        return sum;
    }
}

/// <summary>What an op must have come to.</summary>
/// <param name="IsParked">Kept without moving value.</param>
/// <param name="Classification">What the hub must have called it.</param>
/// <param name="Losses">For each move the part that the store bears, of a settlement the part that is principal again; empty where parked.</param>
internal readonly record struct OpEffect(bool IsParked, Classification Classification, Int128[] Losses)
{
    /// <summary>The store whose op was undone with the right to do so; null where none was.</summary>
    public long? UndoneAt { get; init; }

    /// <summary>The account that stands in for the undone op's store, where the right to undo it had been reclaimed; empty: none.</summary>
    public string LatePayer { get; init; } = "";

    /// <summary>For each move the account that bears its loss; empty: the store's own.</summary>
    public string[]? Payers { get; init; }

    public string PayerOf(int move) => Payers is null ? "" : Payers[move];
}
