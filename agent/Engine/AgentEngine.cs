using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Agent.Engine;

/// <summary>The heart of a store: decides batches of commands from the store's own state, and says what to write before anybody is told.</summary>
/// <remarks>
/// Deterministic: no task, clock, randomness or socket; time comes with each command. One turn is <see cref="Decide"/>, then the shell
/// commits the batch (where it is not empty), then <see cref="Committed"/> or <see cref="Failed"/>, which hand out the replies.
/// Thread rule: one caller at a time. Crash rule: all state is rebuilt from the journal; what was decided and not committed never happened.
/// </remarks>
public sealed class AgentEngine
{
    /// <summary>Members kept in memory; about 2 KiB each.</summary>
    public const int DefaultCacheSize = 2000;

    private const string LinesOf = "lines";
    private const string LockIntroduction = "Stored value is locked at this store: ";

    private readonly IGuard _guard;
    private readonly string _storeName;
    private readonly Workspace _work;
    private readonly MemberShelf _members;
    private readonly AgentMemory _memory;
    private readonly OpenOps _open;
    private readonly TillDesk _desk;
    private readonly CashierBook _cashiers;
    private readonly Retention _retention;
    private readonly Following _following;
    private IReadOnlyList<AgentCommand> _commands = [];
    private List<EngineReply> _replies = [];
    private JournalBatch _batch = new();
    private GuardRecord? _guarded;
    private bool _isLoaded;
    private bool _savesProgress;

    /// <summary>An engine over a journal; it reads nothing before <see cref="Load"/>.</summary>
    /// <param name="journal">Where the truth lies.</param>
    /// <param name="holder">This store, in this life of its database.</param>
    /// <param name="storeName">For people.</param>
    /// <param name="guard">What the machine remembers of this database.</param>
    /// <param name="cacheSize">Members kept in memory.</param>
    /// <param name="lostConnection">Where an engine before it lost news: <see cref="LostConnection"/>.</param>
    public AgentEngine(IJournal journal, Holder holder, string storeName, IGuard guard, int cacheSize = DefaultCacheSize, long lostConnection = 0)
    {
        LostConnection = lostConnection;
        _guard = guard;
        _storeName = storeName;
        _work = new Workspace(journal, holder);
        _members = new MemberShelf(_work, cacheSize);
        _memory = new AgentMemory(_work);
        _open = new OpenOps(_work);
        _cashiers = new CashierBook(_work, _memory, guard);
        _retention = new Retention(_work, _memory);
        _following = new Following(_work, _members, _memory, Log);
        _desk = new TillDesk(_work, _members, _memory, _open, storeName) { Unite = Unite };
    }

    /// <summary>Reads rules as the hub writes them; whoever starts thousands of engines under one set of rules hands in what it read before.</summary>
    public Func<string, Ruleset> ReadRules
    {
        init => _memory.ReadRules = value;
    }

    /// <summary>The newest op that was decided.</summary>
    public long TipSequence => _work.TipSequence;

    /// <summary>This store in the present life of its database.</summary>
    public Holder Holder => _work.Holder;

    /// <summary>Why the agent moves no rights; empty where it may.</summary>
    public string LockReason => _memory.LockReason;

    /// <summary>All up to here is known to be on the hub's disk.</summary>
    public long CommittedSequence => _memory.CommittedSequence;

    /// <summary>Logs of earlier lives that the hub may not have in whole.</summary>
    public IEnumerable<DeadLog> OpenDeadLogs => _memory.DeadLogs.Values.Where(log => log.IsOpen);

    /// <summary>Whether the log of this life has not said yet of whom this database keeps replicas.</summary>
    public bool HasFollowsToSay => _memory.FollowsToSay is not null;

    /// <summary>Up to which position of which term's journal it has heard of every member that it follows.</summary>
    internal (long Term, long Position) Feed => (_memory.HubTerm, _memory.FeedPosition);

    /// <summary>A member as this store sees it.</summary>
    public MemberHere Look(MemberId member) => _members.Get(member);

    /// <summary>The highest connection whose news were lost in a failed commit: it must be opened anew, so that the hub sends them again.</summary>
    public long LostConnection { get; private set; }

    /// <summary>Problems that nobody waits for an answer to, oldest first; the shell logs and clears them.</summary>
    public List<string> Troubles { get; } = [];

    /// <summary>Forgets everything and reads the journal.</summary>
    /// <exception cref="JournalUnavailableException">It cannot be read.</exception>
    public void Load()
    {
        _isLoaded = false;
        _work.Load();
        _members.Load();
        _memory.Load();
        _open.Load(_memory.CommittedSequence);
        _desk.Load();
        _guarded = _guard.Read();
        if (_memory.LockReason.Length == 0 && Continuity.FindAmnesia(_guarded, _work, _memory) is { Length: > 0 } amnesia)
        {
            _memory.LockUntilWritten(LockText(amnesia));
        }

        _isLoaded = true;
    }

    /// <summary>Step 1: decides the commands in order and says what must be durable before the replies may leave.</summary>
    /// <exception cref="JournalUnavailableException">The journal cannot be read; hand it to <see cref="Failed"/>.</exception>
    public JournalBatch Decide(IReadOnlyList<AgentCommand> commands)
    {
        _commands = commands;
        _replies = new List<EngineReply>(commands.Count);
        _savesProgress = false;
        if (!_isLoaded)
        {
            Load();
        }

        foreach (var command in commands)
        {
            _replies.Add(Turn(command));
        }

        _members.Save();
        _batch = _work.Collect(_savesProgress);
        return _batch;
    }

    /// <summary>Step 2a: the batch is durable. The replies, in the order of the commands.</summary>
    public IReadOnlyList<EngineReply> Committed()
    {
        _desk.StorageTrouble = _batch.IsEmpty ? _desk.StorageTrouble : "";
        _work.Committed(_batch);
        WriteGuard();
        return _replies;
    }

    /// <summary>Step 2b: nothing of the batch is known to be written. Forgets what was decided; reads are answered from what is durable, the rest is refused.</summary>
    public IReadOnlyList<EngineReply> Failed(JournalException fault)
    {
        _desk.StorageTrouble = $"The last change could not be written: {fault.Message}";
        Forget();
        return [.. _commands.Select(command => Rescue(command, fault))];
    }

    /// <summary>Step 2c: a command broke an invariant. Forgets what was decided, as if the batch had never come.</summary>
    public void Forget()
    {
        LostConnection = _commands.Select(ConnectionOf).Append(LostConnection).Max();
        try
        {
            Load();
        }
        catch (JournalException fault)
        {
            Troubles.Add($"The store's state cannot be read, and will be read again with the next request: {fault.Message}");
        }
    }

    // What the hub does not say again by itself on the same connection.
    private static long ConnectionOf(AgentCommand command) => command switch
    {
        NewsArrived news => news.Connection,
        Acknowledged acknowledged => acknowledged.Connection,
        _ => 0,
    };

    private EngineReply Turn(AgentCommand command)
    {
        var reply = command switch
        {
            TillCall call => Call(call),
            PinTryBegun begun => _cashiers.Begin(begun),
            PinWasRight right => _cashiers.Right(right),
            SessionEnded ended => _cashiers.End(ended),
            SessionShown shown => _cashiers.Tell(shown),
            NewsArrived arrived => Receive(arrived),
            FeedReached reached => Reach(reached),
            Acknowledged acknowledged => Note(() => Acknowledge(acknowledged.CommittedSequence)),
            SessionStarted started => Note(() => StartSession(started)),
            LifeGiven given => Begin(given),
            FactsAcknowledged acknowledged => Note(() => _memory.SetFactsAcknowledged(acknowledged.Life, acknowledged.Sequence)),
            ReportLines report => Report(report),
            ReportFollowed report => _members.ReportFollowed(report),
            ReportRefundRights report => _desk.ReportRights(report),
            ReceiptKeyArrived arrived => Note(() => _desk.Receipts.SetKey(arrived.Key)),
            HubHeard heard => Note(() => _desk.Lease.Renew(heard.NowMs, heard.ElapsedMs)),
            PolicyArrived arrived => Use(arrived.Policy),
            RevokeAsked asked => Relinquish(asked),
            LockOrdered ordered => Note(() => _memory.SetLocked(LockText(ordered.Reason), _memory.Wish)),
            ReturnIdleRights idle => ReturnIdle(idle),
            DescribeSelf describe => new EngineReply { Self = Describe(describe) },
            PruneOld prune => _retention.Prune(prune),
            UnfollowIdle idle => _following.Unfollow(idle),
            NextHandIn next => _desk.HandedIn.Next(next.AfterKey) is { } waiting ? new EngineReply { NextKey = waiting.Key, HandIn = waiting.Receipt } : new EngineReply(),
            SaveProgress => Note(() => _savesProgress = true),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command.GetType().Name, "No such command."),
        };
        Unite(command.NowMs);
        _following.SayAgain(command.NowMs);
        return reply with { TipSequence = _work.TipSequence };
    }

    private void Acknowledge(long sequence)
    {
        _memory.SetCommitted(sequence);
        _open.Acknowledge(sequence);
    }

    // What this store holds on the line of a merged member moves to the survivor's line, so that one sale can use both. I21: not while locked.
    private void Unite(long nowMs)
    {
        foreach (var id in _memory.LockReason.Length > 0 ? [] : _members.TakeToUnite())
        {
            var alias = _members.Get(id);
            var survivor = _members.Resolve(id);
            alias.PendingPoints = _memory.Machine.Rules.Earn.SpendableAtOnce ? 0 : _open.PointsOf(id);
            if (TillMachine.Unite(alias, survivor, _work.NextId, nowMs) is not { } ops)
            {
                continue;
            }

            Log(ops.Out, alias);
            Log(ops.In, survivor);
            survivor.LastUsedMs = Math.Max(survivor.LastUsedMs, alias.LastUsedMs);
        }
    }

    private void Log(Core.Ops.Op op, MemberHere member)
    {
        TillMachine.Apply(op, member);
        _members.MarkChanged(member);
        _work.Append(op);
    }

    private EngineReply Call(TillCall call)
    {
        foreach (var news in call.News)
        {
            Take(news, call.NowMs, isAnswer: true);
        }

        var (signed, refusal) = _cashiers.Identify(call);
        return refusal ?? _desk.Answer(signed);
    }

    private EngineReply Receive(NewsArrived arrived) => Note(() => Take(arrived.News, arrived.NowMs, isAnswer: false));

    private void Take(HubNews news, long nowMs, bool isAnswer)
    {
        _memory.Observe(PersonalCodec.ToCore(news.Member?.Detail?.NewestStamp));
        _members.Receive(news, nowMs, isAnswer);
        _desk.Receive(news);
    }

    // A mark must not pass over changes that a failed commit lost: the hub sends those again on the next connection.
    private EngineReply Reach(FeedReached reached) => reached.Connection <= LostConnection ? new EngineReply() : Note(() => _memory.SetFeed(reached.Position));

    private EngineReply Use(V1.PolicyDelta policy)
    {
        try
        {
            KeepPepper(policy);
            _memory.SetPolicy(policy);
        }
        catch (RulesetException fault)
        {
            Troubles.Add($"Rules of version {policy.Version} were not taken, the old ones stay in force: {fault.Message}");
        }

        return new EngineReply();
    }

    // Taken out before the policy is written: a database that is stolen must not tell PINs.
    private void KeepPepper(V1.PolicyDelta policy)
    {
        if (policy.PinPepper.Length > 0 && !policy.PinPepper.Span.SequenceEqual(_guard.Pepper.Span))
        {
            try
            {
                _guard.KeepPepper(policy.PinPepper.Span);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                Troubles.Add($"The key for PINs could not be kept; after a restart nobody can sign in until the hub has sent it again: {fault.Message}");
            }
        }

        policy.PinPepper = Google.Protobuf.ByteString.Empty;
    }

    private EngineReply Relinquish(RevokeAsked asked)
    {
        // I21: a locked agent moves no rights; an ask for another life of this database is not for us.
        if ((_memory.LockReason.Length == 0 || Switches.IsOff(Mechanism.LockedGivesNothing)) && asked.Ask.Incarnation == _work.Holder.Incarnation.Value && asked.Ask.Member.Length == 16)
        {
            var lines = asked.Ask.Lines.Select(line => new RevokeLine(BucketCodec.ToCore(line.Bucket), line.KeepLevel, line.AsOfGranted));
            return new EngineReply { GaveRights = Relinquish(_members.Get(MemberId.FromBytes(asked.Ask.Member.Span)), [.. lines], asked.NowMs) };
        }

        return new EngineReply();
    }

    private EngineReply ReturnIdle(ReturnIdleRights idle)
    {
        var page = _work.Journal.ReadDocuments(LinesOf, [], idle.AfterKey, idle.Limit);
        foreach (var document in _memory.LockReason.Length > 0 && !Switches.IsOff(Mechanism.LockedGivesNothing) ? [] : page)
        {
            var lines = V1.AgentLines.Parser.ParseFrom(document.Value);
            if (lines.LastUsedMs < idle.UnusedSinceMs || lines.Lines.Any(line => line.Bucket.Lot is not null && IsExpired(BucketCodec.ToCore(line.Bucket), idle)))
            {
                ReturnIdle(_members.Get(MemberId.FromBytes(document.Key)), idle);
            }
        }

        return new EngineReply { NextKey = page.Count < idle.Limit ? null : page[^1].Key };
    }

    private void ReturnIdle(MemberHere member, ReturnIdleRights idle)
    {
        // Memory may know of a later visit than the disk. An expired lot is of no use here however often the member comes.
        var isIdle = member.LastUsedMs < idle.UnusedSinceMs;
        Relinquish(member, [.. member.Lines.Where(line => isIdle || IsExpired(line.Key, idle)).Select(line => new RevokeLine(line.Key, 0, line.Value.Granted))], idle.NowMs);
    }

    private static bool IsExpired(Bucket bucket, ReturnIdleRights idle) => !bucket.IsValidOn(Calendar.DayOf(idle.NowMs));

    private bool Relinquish(MemberHere member, IReadOnlyList<RevokeLine> lines, long nowMs)
    {
        if (_memory.Machine.Relinquish(member, lines, _work.NextId, nowMs) is not { } op)
        {
            return false;
        }

        Log(op, member);
        return true;
    }

    private SelfDescription Describe(DescribeSelf describe)
    {
        if (_memory.LockReason.Length > 0 && _memory.Wish.IsNone)
        {
            // Kept until it is answered: the hub knows by it that two askers are one.
            _memory.SetLocked(_memory.LockReason, LifeKey.FromBytes(describe.Entropy.Span));
        }

        return new SelfDescription(_work.Holder, _work.TipSequence, _work.TipHash, _memory.Token, _memory.CommittedSequence, _memory.FeedPosition, _memory.PolicyVersion, _memory.LockReason)
        {
            Device = _guard.Device,
            Wish = _memory.Wish,
            DeadLogs = [.. _memory.DeadLogs.Values],
            HubTerm = _memory.HubTerm,
        };
    }

    // protocol.md 1.4: rights belong to a life. The old log goes up as facts; whether it is whole, only a guard that agrees with it can say.
    private EngineReply Begin(LifeGiven given)
    {
        if (_memory.LockReason.Length == 0 || given.Wish != _memory.Wish || given.Old != _work.Holder.Incarnation || given.New.CompareTo(given.Old) <= 0)
        {
            return new EngineReply(); // an answer to an older wish
        }

        if (_guarded is { } guard && guard.Incarnation == given.Old && guard.TipSequence == _work.TipSequence && guard.TipHash == _work.TipHash)
        {
            _work.Append(new Op { Id = _work.NextId, Type = OpType.CloseIncarnation, OccurredAtMs = given.NowMs, RulesetVersion = _memory.Machine.Rules.Version });
        }

        // From the start: what the hub confirmed under these numbers may have been another copy's. It passes over what it has.
        var ended = new DeadLog(given.Old, _work.TipSequence, _work.TipHash, Acknowledged: Switches.IsOff(Mechanism.FactsFromTheStart) ? Math.Min(_memory.CommittedSequence, _work.TipSequence) : 0);
        _work.BeginLife(new Holder(_work.Holder.Store, given.New));
        _work.Write(AgentIdentity.Collection, AgentIdentity.Key, AgentIdentity.Encode(_work.Holder, _storeName));
        _memory.BeginLife(ended);
        _members.BeginLife();
        _desk.BeginLife();
        _open.Load(0);
        return new EngineReply();
    }

    private void StartSession(SessionStarted started)
    {
        var before = _memory.CommittedSequence;
        _memory.StartSession(started.Token, started.HubTerm, started.CommittedSequence);
        if (started.CommittedSequence < before)
        {
            _open.Load(started.CommittedSequence); // a restored hub has less: what it confirmed before is open again
        }
        else
        {
            _open.Acknowledge(started.CommittedSequence);
        }
    }

    private EngineReply Report(ReportLines report)
    {
        var page = _work.Journal.ReadDocuments(LinesOf, [], report.AfterKey, report.Limit);
        var lines = new List<V1.ReportedLine>();
        foreach (var document in page)
        {
            var member = new MemberHere(MemberId.FromBytes(document.Key));
            AgentCodec.ReadLines(document.Value, member, _work.Holder.Incarnation);
            lines.AddRange(member.Lines.Where(line => line.Value.Granted > 0)
                .Select(line => new V1.ReportedLine { Member = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(document.Key), Bucket = BucketCodec.ToWire(line.Key), Granted = line.Value.Granted }));
        }

        return new EngineReply { Lines = lines, NextKey = page.Count < report.Limit ? null : page[^1].Key };
    }

    // After the commit, so it may lag and never leads. A database that is not trusted must not overwrite what tells so.
    private void WriteGuard()
    {
        if (_memory.LockReason.Length > 0 || (_guarded is { } guard && guard.Incarnation == _work.Holder.Incarnation && guard.TipSequence == _work.TipSequence))
        {
            return;
        }

        var written = new GuardRecord(_work.Holder.Incarnation, _work.TipSequence, _work.TipHash);
        try
        {
            _guard.Write(written);
            _guarded = written;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Troubles.Add($"The guard of the database could not be written; a restored copy will be recognised later than it could be: {fault.Message}");
        }
    }

    private static string LockText(string reason) => reason.StartsWith(LockIntroduction, StringComparison.Ordinal) ? reason
        : $"{LockIntroduction}{reason} It unlocks itself when the hub has given it a new life; connect it.";

    private EngineReply Rescue(AgentCommand command, JournalException fault)
    {
        var isRead = command is DescribeSelf or TillCall { Request: V1.IdentifyTillRequest or V1.BalanceRequest or V1.QuoteRequest or V1.LastReceiptsRequest or V1.StatusRequest };
        if (isRead && _isLoaded)
        {
            try
            {
                return Turn(command is TillCall call ? call with { News = [] } : command);
            }
            catch (JournalException worse)
            {
                return Refuse(command, worse);
            }
        }

        return Refuse(command, fault);
    }

    private EngineReply Refuse(AgentCommand command, JournalException fault)
    {
        var message = $"This store cannot write to its disk, so nothing may be booked: {fault.Message} Then send the request again under the same request_id; it is never booked twice.";
        var answer = command is TillCall call
            ? Answers.Refusal(call.Request, new V1.Rejection { Code = V1.RejectionCode.StorageUnavailable, Message = message })
            : null;
        return new EngineReply { Answer = answer, Fault = answer is null ? message : null, TipSequence = _work.TipSequence };
    }

    private static EngineReply Note(Action change)
    {
        change();
        return new EngineReply();
    }
}
