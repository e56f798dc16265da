using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;
using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Simulator;

/// <summary>The god's eye: knows every op that any disk ever had, and checks the invariants of protocol.md section 2 against it.</summary>
internal sealed partial class Oracle(World world)
{
    private const int FullCheckEvery = 16;
    private const Fault LivesEnd = Fault.Reclaim | Fault.Restore | Fault.Image | Fault.Clone;

    private readonly Dictionary<OpHash, Fact> _truth = [];
    private readonly List<Fact> _inOrder = [];
    private readonly Dictionary<(MemberId, Bucket), long> _balance = [];
    private readonly Dictionary<(MemberId, Bucket), long> _duplicated = [];

    // The most that ever came to a member from those merged into it.
    private readonly Dictionary<(MemberId, Bucket), long> _movedIn = [];
    private readonly Dictionary<(MemberId, Bucket), long> _disowned = [];
    private readonly Dictionary<(Holder, MemberId, Bucket), long> _cloneSeen = [];
    private readonly List<Holder> _cloned = [];
    private readonly Dictionary<Holder, int> _copies = [];
    private readonly HashSet<OpId> _ids = [];
    private readonly Dictionary<OpId, Op[]> _named = [];
    private readonly Kin _kin = new();
    private readonly List<OpHash> _unanswered = [];
    private readonly Dictionary<OpHash, Fact> _gone = [];
    private readonly HashSet<SimAgent> _guardWentBack = [];
    private readonly Dictionary<(Holder, MemberId, Bucket), long> _granted = [];
    private readonly HashSet<MemberId> _decided = [];
    private readonly HashSet<MemberId> _logged = [];
    private readonly HashSet<MemberId> _refusable = [];
    private readonly HashSet<Holder> _rolledBack = [];
    private readonly Dictionary<MemberId, long> _owing = [];
    private bool _wasReconciling;
    private bool _isFinal;
    private int _checks;
    private bool _mayLose;
    private bool _hubForgot;

    /// <summary>Ops written so far, on any disk.</summary>
    public long Written => _inOrder.Count;

    /// <summary>Whether something changed since the last check that may concern any member.</summary>
    public bool IsDirty { get; set; } = true;

    /// <summary>A store's disk has these.</summary>
    public void OnWritten(SimAgent agent, JournalBatch batch)
    {
        foreach (var fact in batch.Facts)
        {
            var op = OpCodec.Decode(fact.Bytes);
            var hash = OpHash.FromBytes(fact.Hash.Span);
            // I21: a locked agent moves no rights.
            if (agent.IsLocked && op.Moves.Count > 0)
            {
                throw new Violation("I21", $"agent {agent.Number} is locked and logged {op.Type} {op.Id}");
            }

            _ids.Add(op.Id);
            _logged.Add(op.Member);
            var known = new Fact(op, hash);
            var isNew = _truth.TryAdd(hash, known);
            if (isNew)
            {
                _named[op.Id] = [.. _named.GetValueOrDefault(op.Id, []), op];
            }

            agent.CountDay(op, id => _named.GetValueOrDefault(id, []));
            if (!isNew)
            {
                continue; // the same bytes after the same history: one fact
            }

            world.Trace($"    fact {op.Id} {op.Type} {(op.Member == default ? "" : op.Member.ToString()[^4..])} {string.Join(' ', op.Moves.Select(move => $"{move.Kind} {move.Bucket} {move.AmountMinor}"))}");
            _inOrder.Add(known);
            Count(op, 1);
            CheckRefunds(op);
            CheckAdvances(agent, op);
            CheckLease(agent, op);
        }
    }

    /// <summary>An op that a till at this store might want to undo.</summary>
    public OpId? AnyOp(Dice dice, SimAgent agent, int elsewherePercent)
    {
        for (var tries = 0; tries < 6 && _inOrder.Count > 0; tries++)
        {
            var op = _inOrder[Math.Max(0, _inOrder.Count - 1 - dice.Below(40))].Op;
            if (op.Type is OpType.Sale or OpType.TopUp && (op.Id.Holder.Store == agent.Store || dice.Chance(elsewherePercent)))
            {
                return op.Id;
            }
        }

        return null;
    }

    /// <summary>One of the first sales: asked for again and again, so that their refunds add up.</summary>
    public OpId? AnySale(Dice dice)
    {
        var sales = _inOrder.Where(static fact => fact.Op.Type == OpType.Sale && fact.Op.MoneyMinor(MoveKind.Debit) > 0).Take(3).ToArray();
        return sales.Length == 0 ? null : dice.Pick(sales).Op.Id;
    }

    public void OnRolledBack(SimAgent agent, bool withGuard)
    {
        _mayLose = true;
        _rolledBack.Add(agent.Enrolled);
        if (_hubForgot)
        {
            OnGivenUpUnheard(agent.Enrolled); // two disks lost what was granted: only a copy's log may still tell
        }

        // A guard that went back once vouches for nothing between there and where it had been.
        if (withGuard || _guardWentBack.Contains(agent))
        {
            _guardWentBack.Add(agent);
            agent.Restart();
            if (withGuard || !agent.IsLocked)
            {
                Duplicate(agent);
            }

            agent.Crash();
        }

        _keptAtTills.RemoveAll(kept => kept.Agent == agent);
        ForgetUnanswered();
    }

    /// <summary>A machine died between its disk and its till: nobody was told of these ops.</summary>
    public void OnUnanswered(JournalBatch batch) => _unanswered.AddRange(batch.Facts.Select(static fact => OpHash.FromBytes(fact.Hash.Span)));

    /// <summary>Whether these are the bytes of that op.</summary>
    public bool IsEnvelopeOf(ReadOnlySpan<byte> envelope, OpHash hash) => _truth.TryGetValue(hash, out var fact) && envelope.SequenceEqual(OpCodec.Encode(fact.Op));

    // The end of a log that no till has answered, and that is on no disk any more and on no copy of one, has never been. What was answered behind it used what it gave.
    private void ForgetUnanswered()
    {
        foreach (var hash in Enumerable.Reverse(_unanswered).Where(hash => !world.IsAnywhere(hash)).ToArray())
        {
            _unanswered.Remove(hash);
            if (!_truth.TryGetValue(hash, out var gone) || _inOrder.Exists(fact => fact.Op.Id == gone.Op.Id with { Sequence = gone.Op.Id.Sequence + 1 }))
            {
                continue;
            }

            _truth.Remove(hash);
            _gone[hash] = gone;
            world.Trace($"    op {gone.Op.Id} was never answered, and is gone");
            _inOrder.Remove(gone);
            Count(gone.Op, -1);
        }
    }

    // A hub had it in its hands, undecided, when the last disk that had it was lost.
    private bool IsBack(OpHash hash)
    {
        if (!_gone.Remove(hash, out var back))
        {
            return false;
        }

        world.Trace($"    op {back.Op.Id} is at the hub all the same");
        _truth.Add(hash, back);
        _inOrder.Add(back);
        Count(back.Op, 1);
        return true;
    }

    private void Count(Op op, int times)
    {
        foreach (var move in op.Moves.Where(static move => move.Kind is MoveKind.Credit or MoveKind.Debit))
        {
            var key = (op.Member, move.Bucket);
            _balance[key] = _balance.GetValueOrDefault(key) + (move.Kind == MoveKind.Credit ? times * move.AmountMinor : -times * move.AmountMinor);
        }
    }

    /// <summary>HQ gave up a life of a store that had not told a restored hub what it held: whatever it was ever granted and the hub forgot, it may have used.</summary>
    public void OnGivenUpUnheard(Holder holder)
    {
        foreach (var ((granted, member, bucket), most) in _granted.Where(line => line.Key.Item1 == holder))
        {
            var key = (member, bucket);
            var known = world.Hub.Peek(member).Find(bucket)?.Find(granted)?.Granted ?? 0;
            _duplicated[key] = _duplicated.GetValueOrDefault(key) + Math.Max(0, most - known);
        }
    }

    /// <summary>HQ gave up a store that had not told a restored hub what it held; of its lives the hub may have forgotten the newest.</summary>
    /// <param name="store">The store.</param>
    /// <param name="lives">Those of its lives that the hub knew.</param>
    public void OnGivenUpUnheard(StoreId store, IEnumerable<Incarnation> lives)
    {
        _givenUp[store] = [.. lives];
        foreach (var holder in _granted.Keys.Select(static line => line.Item1).Where(holder => holder.Store == store).Distinct().ToArray())
        {
            OnGivenUpUnheard(holder);
        }
    }

    /// <summary>A till printed a receipt: what it says is on a disk.</summary>
    public void OnPrinted(OpId op)
    {
        if (!_ids.Contains(op))
        {
            throw new Violation("I11", $"a receipt of op {op} was printed before the op was written");
        }
    }

    /// <summary>A disk lost something: what is nowhere may be gone.</summary>
    public void MayLose() => _mayLose = true;

    public void OnCloned(SimAgent clone) => Duplicate(clone);

    public void OnHubRestored()
    {
        IsDirty = true;
        _mayLose = true;
        _hubForgot = true;
        _heardOut.Clear();
        _reporting.Clear();
        _givenUp.Clear();
        foreach (var holder in _rolledBack)
        {
            OnGivenUpUnheard(holder);
        }

        // Headquarters has to merge again what it forgot (deploy/RUNBOOK.md). What a store has used until then of value that the merge had brought, the survivor lacks.
        foreach (var ((member, bucket), most) in _movedIn.ToArray())
        {
            var known = world.Hub.Peek(member).Find(bucket)?.MovedIn ?? 0;
            _duplicated[(member, bucket)] = _duplicated.GetValueOrDefault((member, bucket)) + Math.Max(0, most - known);
            _movedIn[(member, bucket)] = known;
        }
    }

    /// <summary>A hub decided these records: what it disowns bounds what may be lost.</summary>
    public void OnDecided(JournalBatch batch)
    {
        foreach (var record in batch.Records)
        {
            _decided.Add(new MemberId(record.Stream.Value));
        }

        CheckLogged(batch);

        if ((world.Active & (Fault.Reclaim | Fault.HubRestore | Fault.Account)) == Fault.None)
        {
            return;
        }

        foreach (var record in batch.Records)
        {
            var change = V1.MemberEventRecord.Parser.ParseFrom(record.Payload.Span);
            var member = new MemberId(record.Stream.Value);
            // Stores are heard out before a restored hub grants anything. So it finds less than is held only where it forgot that a life ended.
            if ((change.Released?.Approver == Shortfall.Approver || change.ShortfallBorne is not null) && (world.Active & LivesEnd) == Fault.None)
            {
                throw new Violation("I6", $"a restored hub found less of {member} than stores hold, and no life had ever ended");
            }

            foreach (var line in change.Released is { Kind: V1.ReleaseKind.Reclaimed } released ? released.Lines : [])
            {
                var key = (member, BucketCodec.ToCore(line.Bucket));
                _disowned[key] = _disowned.GetValueOrDefault(key) + line.Amount;
            }

            foreach (var line in change.Granted?.Lines ?? [])
            {
                var key = (new Holder(new StoreId(change.Granted!.Store), new Incarnation(change.Granted.Incarnation)), member, BucketCodec.ToCore(line.Bucket));
                _granted[key] = Math.Max(_granted.GetValueOrDefault(key), line.Granted);
            }
        }
    }

    /// <summary>I9 and I14: no number reaches a store that is not durable at the hub.</summary>
    public static void OnDelivered(Pipe pipe, V1.HubFrame frame)
    {
        if ((frame.Rights ?? frame.RightsReply?.Rights ?? frame.IdentifyReply?.Rights) is not { Member.Length: 16 } rights || !pipe.Hub.IsUp)
        {
            return; // a hub that was restored has forgotten what it had sent
        }

        var holder = new Holder(pipe.Agent.Store, new Incarnation(rights.Incarnation));
        // What was granted only grows while a hub lives: where what was seen before is enough, the disk need not be read.
        var member = MemberId.FromBytes(rights.Member.Span);
        if (!pipe.Hub.Journal.IsClosed && pipe.Hub.LastSeenOnDisk(member) is { } seen && FindBeyond(rights, holder, seen) is null)
        {
            return;
        }

        var durable = pipe.Hub.OnDisk(member);
        if (FindBeyond(rights, holder, durable) is { } line)
        {
            throw new Violation("I14", $"{holder} was told of {line.Granted} granted of {line.Bucket}; durable are {durable.Find(BucketCodec.ToCore(line.Bucket))?.Find(holder)?.Granted ?? 0}");
        }
    }

    private static V1.GrantedLine? FindBeyond(V1.Rights rights, Holder holder, MemberState durable)
    {
        foreach (var line in rights.Lines)
        {
            if (line.Granted > (durable.Find(BucketCodec.ToCore(line.Bucket))?.Find(holder)?.Granted ?? 0))
            {
                return line;
            }
        }

        return null;
    }

    /// <summary>Everything that must hold after every step.</summary>
    public void Check()
    {
        FollowReports();
        CheckFeeds();
        if ((!IsDirty && _decided.Count == 0) || world.Hub.Journal.IsClosed)
        {
            return;
        }

        // All members where anything may have changed, and every so often; else those of whom something was decided or logged.
        var checksAll = IsDirty || ++_checks % FullCheckEvery == 0 || _wasReconciling != world.Hub.Stores.IsReconciling;
        if (_wasReconciling && !world.Hub.Stores.IsReconciling)
        {
            NoteWhoOwes();
        }

        _wasReconciling = world.Hub.Stores.IsReconciling;
        IsDirty = false;
        _decided.UnionWith(_logged);
        foreach (var member in world.MemberIds)
        {
            if (!checksAll && !_decided.Contains(member))
            {
                continue;
            }

            var state = world.Hub.Peek(member);
            foreach (var bucket in state.Buckets)
            {
                if (bucket.MovedIn > 0)
                {
                    _movedIn[(member, bucket.Bucket)] = Math.Max(bucket.MovedIn, _movedIn.GetValueOrDefault((member, bucket.Bucket)));
                }

                CountClones(member, bucket);
            }

            try
            {
                Check(member, state);
            }
            catch (Violation) when (MayBeRefused)
            {
                Check(member, world.Hub.OnDisk(member));
                _refusable.Add(member);
            }
        }

        _decided.Clear();
        _logged.Clear();
        if (!_kin.IsEmpty)
        {
            try
            {
                CheckKin(world.Hub.Peek);
            }
            catch (Violation) when (MayBeRefused)
            {
                CheckKin(world.Hub.OnDisk);
                _refusable.UnionWith(world.MemberIds);
            }

            if (checksAll)
            {
                CheckUnderWay();
            }
        }

        _decided.UnionWith(_refusable); // until it is on the disk, or gone
        _refusable.Clear();
    }

    // What a hub decides upon less than another one has written meanwhile is wrong, and is refused when it is to be written; nothing of it leaves before. So there what is on the disk counts.
    private bool MayBeRefused => world.Active.HasFlag(Fault.Split);

    private void Check(MemberId member, MemberState state)
    {
        if (state.FindBreach(MayOwe(member, state)) is { } breach)
        {
            throw new Violation(InvariantOf(breach), breach);
        }

        CheckCredit(member, state);
        if (_kin.IsEmpty)
        {
            foreach (var bucket in state.Buckets)
            {
                Check(member.ToString(), bucket.Bucket, Sums.Of(this, member, bucket));
            }
        }
    }

    // protocol.md 1.17: when the last store was heard out or given up, what a pool owes is mended in the member's next turn, before anything else in it.
    private void NoteWhoOwes()
    {
        _owing.Clear();
        foreach (var state in world.MemberIds.Select(world.Hub.Peek).Where(static state => state.FindBreach(mayOwe: false) is not null))
        {
            _owing[state.Id] = state.Version;
        }
    }

    // I2: while a restored hub hears stores out, and until the member's next turn after that.
    private bool MayOwe(MemberId member, MemberState state) =>
        world.Hub.Stores.IsReconciling || (!_isFinal && _owing.TryGetValue(member, out var version) && state.Version <= version);

    /// <summary>What must hold when everything is back and quiet.</summary>
    public void CheckFinal()
    {
        _isFinal = true;
        IsDirty = true;
        Check();
        var applied = FactsAtHub();
        var onDisks = FactsOnDisks();
        foreach (var fact in _inOrder)
        {
            if (applied.Contains(fact.Hash))
            {
                continue;
            }

            if (onDisks.Contains(fact.Hash))
            {
                throw new Violation("I11", $"op {fact.Op.Id} {fact.Op.Type} is on a disk and not at the hub");
            }

            if (!_mayLose)
            {
                throw new Violation("I11", $"op {fact.Op.Id} {fact.Op.Type} is nowhere although no disk was lost");
            }
        }

        CheckMembers(applied);
        CheckReceipts(applied);
        CheckReplicas();
        CheckHonesty();
        CheckStores();
        CheckSigned(applied);
    }

    // Value moves between members that are merged, and what copies use twice may show at any of them: together they must be right.
    private void CheckKin(Func<MemberId, MemberState> look)
    {
        foreach (var kin in world.MemberIds.GroupBy(_kin.RootOf))
        {
            var states = kin.Select(look).ToArray();
            foreach (var bucket in states.SelectMany(state => state.Buckets).Select(bucket => bucket.Bucket).Distinct())
            {
                var sums = default(Sums);
                foreach (var state in states)
                {
                    sums += Sums.Of(this, state.Id, state.Find(bucket) ?? new BucketState(bucket));
                }

                Check(string.Join(" and ", kin), bucket, sums);
                // I17: what came was sent before. What one hub remembers may be older than what another one wrote.
                if (sums.InFlight < 0 && !world.Active.HasFlag(Fault.Split))
                {
                    throw new Violation("I17", $"{string.Join(" and ", kin)} took {-sums.InFlight} of {bucket} more from each other than they sent");
                }
            }

            CheckForest(states);
        }
    }

    // I17: aliases are a forest.
    private void CheckForest(MemberState[] states)
    {
        foreach (var state in world.Active.HasFlag(Fault.Split) ? [] : states)
        {
            var at = state;
            for (var hops = 0; at.IsAlias; hops++)
            {
                if (hops > states.Length)
                {
                    throw new Violation("I17", $"{state.Id} is an alias of itself");
                }

                at = world.Hub.Peek(at.AliasOf);
            }
        }
    }

    private void Check(string who, Bucket bucket, Sums sums)
    {
        var reconciling = world.Hub.Stores.IsReconciling;
        if (!reconciling && sums.Unbacked > sums.Duplicated)
        {
            throw new Violation("I5", $"{who} {bucket}: {sums.Unbacked} used without a right to it, bound {sums.Duplicated}");
        }

        if (!reconciling && sums.Loss > sums.Disowned + sums.Duplicated)
        {
            throw new Violation("I6", $"{who} {bucket}: loss {sums.Loss} above {sums.Disowned} reclaimed and {sums.Duplicated} duplicated");
        }

        // I7 and I16: what ended, or settled a debt, cannot be spent any more by a store.
        // A hub that forgot a credit limit knows it again when the stores have told what they hold of it.
        if (!(reconciling && bucket.Kind == BucketKind.Credit) && sums.True + (reconciling ? 0 : sums.OfHub) < -(sums.Disowned + sums.Duplicated))
        {
            throw new Violation("I7", $"{who} {bucket}: true balance {sums.True} and {sums.OfHub} by the hub, below -({sums.Disowned} + {sums.Duplicated})");
        }
    }

    // The state names the invariant itself: "member ...: I3: ...".
    private static string InvariantOf(string breach) => breach.Split(": ").FirstOrDefault(static part => part.Length is 2 or 3 && part[0] == 'I') ?? "I3";

    private void CountClones(MemberId member, BucketState bucket)
    {
        foreach (var holder in _cloned)
        {
            var held = bucket.Find(holder)?.Outstanding ?? 0;
            var at = (holder, member, bucket.Bucket);
            var seen = _cloneSeen.GetValueOrDefault(at);
            if (held > seen)
            {
                var key = (member, bucket.Bucket);
                _duplicated[key] = _duplicated.GetValueOrDefault(key) + held - seen;
                _cloneSeen[at] = held;
            }
        }
    }

    private void Duplicate(SimAgent agent)
    {
        foreach (var member in world.MemberIds)
        {
            foreach (var (bucket, line) in agent.Engine.Look(member).Lines)
            {
                var key = (member, bucket);
                _duplicated[key] = _duplicated.GetValueOrDefault(key) + Math.Max(0, line.Available);
            }
        }

        _cloned.Add(agent.Holder);
        _copies[agent.Holder] = _copies.GetValueOrDefault(agent.Holder) + 1;
        IsDirty = true;
    }

    // I10: what refunds and voids give back of one op is never more than it took. What a life that was reclaimed gives back beside whoever has
    // its rights now, the reclaim's payer bears.
    private void CheckRefunds(Op op)
    {
        if (op.Type is not (OpType.Refund or OpType.Void) || op.Reference is not { } reference || _cloned.Count > 0 || _mayLose)
        {
            return;
        }

        if (_inOrder.Find(fact => fact.Op.Id == reference) is not { } sale)
        {
            return;
        }

        var given = _inOrder.Where(fact => fact.Op.Type is OpType.Refund or OpType.Void && fact.Op.Reference == reference && !IsReclaimed(fact.Op.Id.Holder)).Sum(fact => fact.Op.MoneyMinor(MoveKind.Credit));
        if (given > sale.Op.MoneyMinor(MoveKind.Debit))
        {
            throw new Violation("I10", $"{given} given back for {reference}, which took {sale.Op.MoneyMinor(MoveKind.Debit)}");
        }
    }

    private bool IsReclaimed(Holder holder) => world.Hub.Stores.Find(holder.Store)?.Lives.Find(holder.Incarnation) is { Release: Core.Identity.ReleaseKind.Reclaimed };

    private HashSet<OpHash> FactsAtHub()
    {
        var found = new HashSet<OpHash>();
        foreach (var store in world.Hub.Stores.All())
        {
            foreach (var life in store.Lives.All)
            {
                Collect(world.Hub.Journal, new ProducerId(store.Id.Value, life.Number.Value), found);
            }
        }

        return found;
    }

    private HashSet<OpHash> FactsOnDisks()
    {
        var found = new HashSet<OpHash>();
        foreach (var agent in world.Agents)
        {
            foreach (var producer in _inOrder.Select(fact => fact.Op.Id.Holder).Where(holder => holder.Store == agent.Store).Distinct())
            {
                Collect(agent.Journal, new ProducerId(producer.Store.Value, producer.Incarnation.Value), found);
            }
        }

        return found;
    }

    private static void Collect(SimulatedJournal journal, ProducerId producer, HashSet<OpHash> found)
    {
        foreach (var fact in journal.ReadFacts(producer, 0, int.MaxValue, int.MaxValue))
        {
            found.Add(OpHash.FromBytes(fact.Hash));
        }
    }

    // I13: the hub's watermark is a place in the store's own log.
    private void CheckStores()
    {
        foreach (var agent in world.Agents.Where(agent => !agent.IsLocked))
        {
            var producer = new ProducerId(agent.Store.Value, agent.Holder.Incarnation.Value);
            if (world.Hub.Journal.ReadCursor(Hub.Stores.StoreRegistry.CommittedCursor, producer) is not { Sequence: > 0 } cursor)
            {
                continue;
            }

            var own = agent.Journal.ReadFacts(producer, cursor.Sequence, 1, int.MaxValue);
            if (own.Count == 0 || own[0].Sequence != cursor.Sequence || !own[0].Hash.AsSpan().SequenceEqual(cursor.Hash))
            {
                throw new Violation("I13", $"the hub's watermark of {agent.Holder} is {cursor.Sequence}, which is not in its log");
            }
        }
    }

    private sealed record Fact(Op Op, OpHash Hash);
}
