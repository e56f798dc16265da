using Google.Protobuf;
using SyncHub.Core.Credit;
using SyncHub.Core.Identity;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Verify.Tests;

/// <summary>The audit and the core, written apart, must come to the same numbers for any ops that stores may log, sound or not.</summary>
public sealed class CoreAgreementTests : IDisposable
{
    private static readonly ProfileField[] ClaimsNothing = [ProfileField.Name, ProfileField.Notes, ProfileField.Email];
    private static readonly Asset Eur = new("EUR");
    private readonly SortedDictionary<OpId, Op> _applied = [];
    private readonly Dictionary<(MemberId Member, Holder Chain), List<(OpId Place, Op Op, ulong HashHead)>> _parked = [];
    private int _resumed;
    private readonly Dictionary<Holder, long> _closed = [];
    private static readonly Incarnation BranchNumber = Incarnation.Of(1, 3);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("synchub-verify-");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task What_the_core_makes_of_random_ops_is_what_the_audit_makes_of_them(int seed)
    {
        var random = new Random(seed);
        var members = Enumerable.Range(1, 4).Select(number => new MemberState(new MemberId((UInt128)number), Eur)).ToArray();
        var tips = new Dictionary<Holder, (long Sequence, OpHash Hash)>();
        await using (var journal = SqliteJournal.Open(Path.Combine(_folder.FullName, "hub.db"), new SqliteJournalOptions()))
        {
            await journal.CommitAsync(Stores());
            for (var step = 0; step < 400; step++)
            {
                var state = members[random.Next(members.Length)];
                var batch = new JournalBatch();
                if (random.Next(20) == 0 && Expiry.Find(state, 20_001) is { } expired)
                {
                    Write(state, expired, OpHash.Genesis, null, batch);
                }
                else if (random.Next(3) == 0 && CreditBook.FindSettlement(state) is { } settlement)
                {
                    Write(state, settlement, OpHash.Genesis, null, batch);
                }
                else if (random.Next(15) == 0)
                {
                    Write(state, new CreditLimitSet(random.Next(3) * 2_000), OpHash.Genesis, null, batch);
                }
                else if (random.Next(40) == 0)
                {
                    Release(state, random, batch);
                }
                else if (random.Next(80) == 0)
                {
                    Heal(state, random, batch);
                }
                else if (random.Next(4) == 0)
                {
                    Grant(state, random, batch);
                }
                else if (random.Next(10) == 0)
                {
                    Merge(state, members[random.Next(members.Length)], random, batch);
                }
                else if (random.Next(20) == 0)
                {
                    Resume(state, random, batch);
                }
                else if (random.Next(12) == 0)
                {
                    MoveRight(state, random, batch);
                }
                else
                {
                    Log(state, random, batch, tips);
                }

                if (random.Next(10) == 0 && state.Version > 0)
                {
                    batch.Snapshots.Add(new NewSnapshot(new StreamId(state.Id.Value), state.Version, SnapshotCodec.Encode(state)));
                }

                await journal.CommitAsync(batch);
            }
        }

        var report = Audit.Run(_folder.FullName, [], new AuditOptions());
        // A pool that a heal left below zero is owed until all stores are heard out; the store's document says that one is not.
        Assert.True(report.IsClean(converged: false), string.Join('\n', report.Findings));
        Assert.DoesNotContain(report.Counts.Keys, code => code != "pool_owed");
        Assert.True(report.OpsParked > 0, "No op was parked: the ops are too tame.");
        Assert.All(members.Where(state => state.Version > 0), state =>
            Assert.Equal(new WalletTotals(state.MoneyMinor, state.TotalOf(Bucket.Points)), report.Wallets[state.Id.Value]));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // Each store has two lives, and the second a branch whose number is above both.
    private static JournalBatch Stores()
    {
        var batch = new JournalBatch();
        for (var store = 1; store <= 3; store++)
        {
            var document = new V1.StoreDocument { Store = store, Incarnation = Incarnation.Of(1, 2).Value, HighestIncarnation = BranchNumber.Value, Reconciling = store == 3 };
            document.Lives.Add(new V1.LifeState { Incarnation = Incarnation.Of(1, 1).Value, Status = V1.LifeStatus.Dead, Release = V1.ReleaseKind.Reclaimed });
            document.Lives.Add(new V1.LifeState { Incarnation = Incarnation.Of(1, 2).Value, Status = V1.LifeStatus.Living });
            document.Lives.Add(new V1.LifeState { Incarnation = BranchNumber.Value, Status = V1.LifeStatus.Branch, BranchOf = Incarnation.Of(1, 2).Value });
            batch.Documents.Add(new DocumentWrite("store", [0, 0, 0, (byte)store], document.ToByteArray()));
        }

        return batch;
    }

    private static void Release(MemberState state, Random random, JournalBatch batch)
    {
        var holder = HolderOf(random);
        var kind = random.Next(2) == 0 && holder.Incarnation == Incarnation.Of(1, 1) ? ReleaseKind.Closed : ReleaseKind.Reclaimed;
        if (state.HeldBy(holder) is { Count: > 0 } held)
        {
            Write(state, new LinesReleased(holder, kind, random.Next(2) == 0 ? "" : "insurance", "kim", held), OpHash.Genesis, null, batch);
        }
    }

    private static void Heal(MemberState state, Random random, JournalBatch batch)
    {
        var holder = HolderOf(random);
        if (state.FindForgotten(holder, state.Buckets.Select(bucket => new GrantedLine(bucket.Bucket, random.Next(3_000)))) is { Count: > 0 } forgotten)
        {
            Write(state, new RightsHealed(holder, forgotten), OpHash.Genesis, null, batch);
        }
    }

    private static void Grant(MemberState state, Random random, JournalBatch batch)
    {
        var holder = HolderOf(random);
        var lines = state.Buckets.Where(bucket => bucket.Pool > 0)
            .Select(bucket => new GrantedLine(bucket.Bucket, (bucket.Find(holder)?.Granted ?? 0) + random.NextInt64(1, bucket.Pool + 1))).ToArray();
        Write(state, new RightsGranted(holder, lines), OpHash.Genesis, null, batch);
    }

    // The events of a merge as two grains write them, in one commit: merged, moved, undone.
    private static void Merge(MemberState from, MemberState to, Random random, JournalBatch batch)
    {
        if (from.Id.CompareTo(to.Id) <= 0)
        {
            return; // else they might lead in a circle
        }

        if (!from.IsAlias)
        {
            Write(to, new MergeOffered(from.Id, "kim", "twice"), OpHash.Genesis, null, batch);
            Write(from, new MergedInto(to.Id, to.Version, "kim", "twice"), OpHash.Genesis, null, batch);
            Write(to, new AliasTaken(from.Id, from.NewsAsAlias), OpHash.Genesis, null, batch);
        }
        else if (from.AliasOf == to.Id && random.Next(3) == 0)
        {
            Write(to, new AliasReleased(from.Id, "kim", "two persons"), OpHash.Genesis, null, batch);
            Write(from, new MergeUndone(to.Id, "kim", "two persons"), OpHash.Genesis, null, batch);
        }

        var free = from.Buckets.Where(bucket => bucket.Pool > 0 && MemberState.GoesToSurvivor(bucket.Bucket)).Select(bucket => new BucketTotal(bucket.Bucket, random.NextInt64(1, bucket.Pool + 1))).ToArray();
        var totals = from.TotalsAfterSending(to.Id, free);
        Write(from, new ValueSent(to.Id, totals), OpHash.Genesis, null, batch);
        Write(to, new ValueTaken(from.Id, totals), OpHash.Genesis, null, batch);
    }

    private void MoveRight(MemberState state, Random random, JournalBatch batch)
    {
        var movable = _applied.Values.Where(op => op.Member == state.Id && UndoCheck.IsUndoable(op.Type) && state.UndoneOf(op.Id).Right.IsGivenUpBy(_closed.GetValueOrDefault(state.UndoneOf(op.Id).Right.Holder))).ToArray();
        // The first lives were reclaimed: their rights are taken, whatever they closed.
        var reclaimed = _applied.Values.Where(op => op.Member == state.Id && UndoCheck.IsUndoable(op.Type) && state.UndoneOf(op.Id).Right.Holder.Incarnation == Incarnation.Of(1, 1)).ToArray();
        if (reclaimed.Length > 0 && random.Next(3) == 0)
        {
            Write(state, new RefundRightMoved(reclaimed[random.Next(reclaimed.Length)].Id, new RefundRight(HolderOf(random), random.Next(1, 500)), []) { Payer = "hq/loss" }, OpHash.Genesis, null, batch);
        }
        else if (movable.Length > 0)
        {
            Write(state, new RefundRightMoved(movable[random.Next(movable.Length)].Id, new RefundRight(HolderOf(random), random.Next(1, 500)), []), OpHash.Genesis, null, batch);
        }
    }

    private void Log(MemberState state, Random random, JournalBatch batch, Dictionary<Holder, (long Sequence, OpHash Hash)> tips)
    {
        var holder = HolderOf(random);
        // A second history of a life goes on in its branch: the op carries the life's number and lies under the branch's.
        var chain = holder.Incarnation == Incarnation.Of(1, 2) && random.Next(4) == 0 && tips.ContainsKey(holder) ? holder with { Incarnation = BranchNumber } : holder;
        var isFirst = chain != holder && !tips.ContainsKey(chain);
        if (isFirst)
        {
            _closed[chain] = _closed.GetValueOrDefault(holder);
        }

        var (sequence, previous) = isFirst ? tips[holder] : tips.GetValueOrDefault(chain);
        var op = Undoing(RandomOp(state, random, new OpId(holder, sequence + 1)), random, chain);
        var bytes = OpCodec.Encode(op);
        var hash = previous.Next(bytes);
        tips[chain] = (sequence + 1, hash);
        var fact = new FactKey(new ProducerId(chain.Store.Value, chain.Incarnation.Value), sequence + 1);
        batch.Facts.Add(new NewFact(fact.Producer, fact.Sequence, hash.ToBytes(), bytes));
        batch.Cursors.Add(new CursorMove("committed", fact.Producer, fact.Sequence, hash.ToBytes()));
        // The member as the hub would apply it: from the bytes, not from the object.
        var applied = OpCodec.Decode(bytes);
        if (applied.Type == OpType.CloseDay)
        {
            _closed[chain] = applied.ClosedUpTo;
        }

        var place = new OpId(chain, sequence + 1);
        if (state.Parked.ContainsKey(chain) || random.Next(100) == 0)
        {
            Write(state, new OpParked(place, "it cannot be decided"), previous, fact, batch);
            (_parked.TryGetValue((state.Id, chain), out var waiting) ? waiting : _parked[(state.Id, chain)] = []).Add((place, applied, hash.Head));
            return;
        }

        var isUndoing = applied.Type is OpType.Void or OpType.Refund && random.Next(10) > 0; // else as before the hub checked
        Write(state, new OpApplied(applied) { Place = place, HashHead = random.Next(5) > 0 ? hash.Head : 0, Undoing = isUndoing ? new Undoing(Original(applied)) : null, FloorLimitMinor = random.Next(2) * 4_000 }, previous, fact, batch);
        if (chain == holder)
        {
            _applied[applied.Id] = applied; // one in a branch is not what others mean by its number
        }
    }

    private void Resume(MemberState state, Random random, JournalBatch batch)
    {
        if (state.Parked.Keys.FirstOrDefault() is not { Store.Value: > 0 } chain || !_parked.Remove((state.Id, chain), out var waiting))
        {
            return;
        }

        foreach (var (place, op, head) in waiting)
        {
            var fact = new FactKey(new ProducerId(chain.Store.Value, chain.Incarnation.Value), place.Sequence);
            var isUndoing = op.Type is OpType.Void or OpType.Refund && random.Next(10) > 0;
            Write(state, new OpApplied(op)
            {
                Place = place,
                HashHead = head,
                Undoing = isUndoing ? new Undoing(Original(op)) : null,
                FloorLimitMinor = random.Next(2) * 4_000,
                IsResumed = true,
                EndsParking = place == waiting[^1].Place,
            }, OpHash.Genesis, fact, batch);
            _resumed++;
        }
    }

    private OwnOp? Original(Op op) => op.Reference is { } id && _applied.TryGetValue(id, out var found) && OpDefects.Find(found) is null ? OwnOp.Of(found) : null;

    // Mostly an op that is there, by its own store or another; at times a number that nobody logged, or none.
    private Op Undoing(Op op, Random random, Holder chain)
    {
        // A branch closed what its life had closed before it was forked.
        var closedUpTo = op.Type == OpType.CloseDay ? op.Id.Sequence : _closed.GetValueOrDefault(chain);
        if (op.Type is not (OpType.Void or OpType.Refund))
        {
            return op with { ClosedUpTo = op.Type == OpType.CloseDay ? closedUpTo : 0 };
        }

        var known = _applied.Values.Where(other => other.Member == op.Member && (random.Next(3) == 0 || other.Id.Holder == op.Id.Holder)).ToArray();
        var reference = known.Length > 0 && random.Next(10) > 0 ? known[random.Next(known.Length)].Id : op.Id with { Sequence = 9_999 };
        return op with { Reference = random.Next(20) == 0 ? null : reference, ClosedUpTo = closedUpTo };
    }

    private static void Write(MemberState state, MemberEvent change, OpHash previous, FactKey? fact, JournalBatch batch)
    {
        var outcome = state.Apply(change, 1);
        batch.Records.Add(new NewRecord(0, new StreamId(state.Id.Value), state.Version, EventCodec.Encode(new AppliedEvent(change, state.Version, 1, outcome), previous), fact));
        foreach (var entry in outcome?.Transaction.Entries ?? [])
        {
            batch.Balances.Add(new BalanceChange(0, entry.Account, entry.Asset.Code, entry.AmountMinor));
        }
    }

    private static Op RandomOp(MemberState state, Random random, OpId id)
    {
        var type = (OpType)(random.Next(8) == 0 ? random.Next(20, 25) : random.Next(1, 14)); // 9 and 24 are parked
        var moves = Enumerable.Range(0, type is OpType.Follow or OpType.Unfollow && random.Next(5) > 0 ? 0 : random.Next(4)).Select(_ => RandomMove(type, random)).ToArray();
        return new Op
        {
            Id = id,
            Type = type,
            Member = state.Id,
            Moves = moves,
            Reference = random.Next(3) == 0 ? null : new OpId(id.Holder, 1),
            RequestId = $"{id.Holder.Store}-{id.Holder.Incarnation}-{id.Sequence}-{random.Next()}",
            BillMinor = random.Next(40) == 0 ? long.MaxValue : random.Next(5_000),
            DiscountMinor = random.Next(100),
            RulesetVersion = random.Next(1, 3),
            Stamp = new Hlc(random.Next(90_000), random.Next(3)),
            Fields = type == OpType.ProfileSet ? [new FieldChange(ClaimsNothing[random.Next(ClaimsNothing.Length)], $"v{random.Next(9)}")] : [],
            IsProved = type == OpType.ProfileSet && random.Next(2) == 0,
            Profile = type == OpType.RegisterMember ? new MemberProfile("Ann", "", "", id.Holder.Store, "") : null,
            Tag = $"tag {random.Next(4)}",
            RemovedDots = type == OpType.TagRemove ? [.. state.Personal.TagDots.Where(_ => random.Next(3) == 0).Select(dot => random.Next(4) == 0 ? dot.Dot with { HashHead = 0 } : dot.Dot), new Dot(new OpId(HolderOf(random), random.Next(1, 60)), (ulong)random.Next(2))] : [],
            OtherMember = new MemberId((UInt128)random.Next(5)),
        };
    }

    private static Move RandomMove(OpType type, Random random)
    {
        var kind = type == OpType.Relinquish ? MoveKind.Relinquish : random.Next(3) == 0 ? MoveKind.Debit : MoveKind.Credit;
        if (random.Next(5) == 0)
        {
            return new Move(random.Next(4) == 0 ? (MoveKind)random.Next(1, 7) : type == OpType.Sale ? MoveKind.Advance : MoveKind.Settle, Bucket.Principal, random.Next(1, 2_000), 0);
        }

        var bucket = random.Next(4) switch
        {
            0 when random.Next(3) == 0 => Bucket.Credit,
            0 => Bucket.Points,
            1 => Bucket.Of(new LotId(new StoreId(random.Next(1, 3)), 1, 20_000)),
            2 when random.Next(3) == 0 => new Bucket(BucketKind.Pending, random.Next(20) == 0 ? new LotId(new StoreId(1), 1, 1) : default),
            2 when random.Next(20) == 0 => new Bucket((BucketKind)7, default),
            _ => Bucket.Principal,
        };
        var amount = random.Next(30) == 0 ? -random.Next(2) : random.Next(1, 3_000);
        return new Move(kind, bucket, amount, random.Next(20) == 0 ? 1_000_000 : 0);
    }

    private static Holder HolderOf(Random random) => new(new StoreId(random.Next(1, 4)), Incarnation.Of(1, random.Next(1, 3)));
}
