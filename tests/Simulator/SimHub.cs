using SyncHub.Core.Identity;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub;
using SyncHub.Hub.Members;
using SyncHub.Hub.Grains;
using SyncHub.Hub.OnAccount;
using SyncHub.Hub.Receipts;
using SyncHub.Hub.Refunds;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sync;
using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Simulator;

/// <summary>One hub process: the product's partitions, links, registry and pipeline, with the simulator in the place of threads and sockets.</summary>
internal sealed class SimHub : ISchedule
{
    public const int PartitionCount = 2;
    // A file beside the database: it survives what happens to that.
    private static readonly byte[] ReceiptSecret = new byte[32];
    private readonly World _world;
    private readonly Partition[] _partitions;
    private readonly Inbox[] _inboxes;
    private readonly PriorityQueue<Action, (long At, int Order)> _later = new();
    private readonly Dictionary<MemberId, (long Head, MemberState State)> _onDisk = [];
    private readonly Asset _currency;
    private readonly List<GrainMessage> _messages = []; // of the decision under way
    private int _order;

    public SimHub(World world, SimulatedJournal journal, RulesetInForce inForce)
    {
        _world = world;
        Journal = journal;
        _currency = inForce.Currency;
        Stores = StoreRegistry.Load(journal, world.Clock);
        var links = new LinkDirectory();
        var grains = new GrainDirectory();
        var router = new EffectRouter(links, Stores, inForce, this, grains, world.Log.As<EffectRouter>());
        Pipeline = new CommitPipeline(journal, Stores, world.Log.As<CommitPipeline>()) { Changes = new RecentChanges(journal, most: 4), Released = router.Acknowledge };
        var context = new TurnContext(world.Clock, new PlacementPolicy(), inForce, links, Stores, new ClaimBook(journal), new MergeWork(journal), new ClosedDays(journal));
        var settings = new PartitionSettings(GrainBudget: 2, SnapshotEvery: 4);
        _partitions = [.. Enumerable.Range(0, PartitionCount).Select(_ => new Partition(PartitionCount, settings, journal, context, router, grains, world.Log))];
        _inboxes = [.. _partitions.Select(_ => new Inbox())];
        grains.Use(_inboxes, PartitionCount);
        Parts = new HubParts(journal, Stores, inForce, links, grains, Pipeline, router, this, world.Clock, world.Log, FloorDenials.Load(journal)) { ReceiptKeys = world.Faults.HasFlag(Fault.Receipts) ? ReceiptKeys.Of(ReceiptSecret) : null, LeaseMs = world.Active.HasFlag(Fault.Lease) ? World.LeaseMs : 0 };
        Parts.Resume();
        MergeWork.Resume(journal, grains);
    }

    public SimulatedJournal Journal { get; }

    public StoreRegistry Stores { get; }

    public CommitPipeline Pipeline { get; }

    public HubParts Parts { get; }

    /// <summary>Whether the process still runs; a hub whose commit failed stops by itself.</summary>
    public bool IsUp { get; set; } = true;

    public bool HasFailed => Pipeline.Failed.IsCompleted;

    /// <summary>Whether the disk itself failed, and not only a commit that another hub had made first, or for which there was no room.</summary>
    public bool HasLostItsDisk => Pipeline.Failed is { IsCompletedSuccessfully: true, Result: var fault } && fault is not JournalConflictException
        && !(_world.Active.HasFlag(Fault.Full) && fault is JournalUnavailableException { Fault: JournalFault.DiskFull });

    public bool HasWork => WaitingMessages > 0 || Journal.PendingCount > 0;

    public int WaitingMessages
    {
        get
        {
            var sum = 0;
            foreach (var inbox in _inboxes)
            {
                sum += inbox.Waiting.Count;
            }

            return sum;
        }
    }

    /// <summary>Which stream speaks for each store, as the hub said itself, and the newest token with which one has.</summary>
    public Dictionary<StoreId, Pipe> Speakers { get; } = [];

    public Dictionary<Holder, long> UsedTokens { get; } = [];

    public bool HasLater => _later.Count > 0;

    /// <summary>A member as it is in memory; as it is on the disk where it is not.</summary>
    public MemberState Peek(MemberId member) => _partitions[member.Slot(PartitionCount)].Peek(member) ?? OnDisk(member);

    /// <summary>A member as the disk had it when somebody looked last: numbers that only grow are no lower now. Null where nobody has looked.</summary>
    public MemberState? LastSeenOnDisk(MemberId member) => _onDisk.TryGetValue(member, out var read) ? read.State : null;

    /// <summary>A member as the disk has it: read as a hub that starts would read it, once for each version.</summary>
    public MemberState OnDisk(MemberId member)
    {
        var head = Journal.HeadOf(new StreamId(member.Value));
        if (!_onDisk.TryGetValue(member, out var read) || read.Head != head)
        {
            _onDisk[member] = read = (head, Grain.Activate(member, _currency, Journal).Machine.State);
        }

        return read.State;
    }

    public void Post(GrainMessage message) => _inboxes[message.Member.Slot(PartitionCount)].Post(message);

    public void Run(Action action) => RunAfter(0, action);

    public void RunAfter(int delayMs, Action action) => _later.Enqueue(action, (_world.VirtualMs + delayMs, ++_order));

    /// <summary>Runs one thing that was put off and is due; with <paramref name="force"/> virtual time moves to it.</summary>
    public bool RunLater(bool force)
    {
        if (!_later.TryPeek(out _, out var due) || (due.At > _world.VirtualMs && !force))
        {
            return false;
        }

        _world.VirtualMs = Math.Max(_world.VirtualMs, due.At);
        _later.Dequeue()();
        return true;
    }

    /// <summary>One partition decides up to so many messages; what it decided goes to the journal.</summary>
    public bool Decide(int partition, int most)
    {
        var inbox = _inboxes[partition % PartitionCount];
        if (inbox.Waiting.Count == 0)
        {
            return false;
        }

        var messages = _messages;
        messages.Clear();
        while (messages.Count < most && inbox.Waiting.TryPeek(out var message) && !(messages.Count > 0 && IsPoison(message)))
        {
            messages.Add(inbox.Waiting.Dequeue());
            most = IsPoison(message) ? 0 : most;
        }

        var decider = _partitions[partition % PartitionCount];
        _world.Clock.BreaksAtRead = IsPoison(messages[^1]) ? 1 + _world.Step % 4 : 0;
        Batch batch;
        try
        {
            batch = decider.Decide(messages);
        }
        catch (JournalConflictException fault)
        {
            Pipeline.Fail(fault); // as the loop around a partition does
            return true;
        }
        finally
        {
            _world.Clock.BreaksAtRead = 0;
        }

        if (_world.Active.HasFlag(Fault.Versions) && _world.Step % 2 == 0)
        {
            Versions.MakeOld(batch.Journal.Snapshots);
        }

        _world.Oracle?.OnDecided(batch.Journal);
        Pipeline.Submit(batch.Journal, batch.Exposure, () => decider.Released(batch));
        if (decider.Evict() is { } snapshots)
        {
            Pipeline.Submit(snapshots, null, static () => { });
        }

        return true;
    }

    private bool IsPoison(GrainMessage message) => message.Message is OpArrived arrived && _world.IsPoison(arrived.Op);

    /// <summary>The disk takes up to so many batches, and what they caused leaves.</summary>
    public bool Flush(int batches)
    {
        var any = false;
        if (Journal.WillFail)
        {
            // Two commits were under way when the disk failed: the second one is tried before the process has heard of the first.
            while (batches-- > 0 && Journal is { PendingCount: > 0, IsClosed: false })
            {
                any |= Journal.Flush(1) > 0;
            }
        }
        else
        {
            any = Journal.Flush(batches) > 0;
        }

        return Release() || any;
    }

    /// <summary>What is durable leaves.</summary>
    public bool Release()
    {
        var any = false;
        while (Pipeline.ReleaseNext())
        {
            any = true;
        }

        return any;
    }

    private sealed class Inbox : IInbox
    {
        public Queue<GrainMessage> Waiting { get; } = new();

        public int ActiveGrains => 0;

        public void Post(GrainMessage message) => Waiting.Enqueue(message);
    }
}
