using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Core.Identity;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Members;
using SyncHub.Hub.OnAccount;
using SyncHub.Hub.Receipts;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Hub.Tests;

/// <summary>A hub over a simulated disk whose every move the test makes: what is put off runs, one partition decides, the disk writes, what is durable leaves. Several may be over one disk.</summary>
internal sealed class OneThreadHub
{
    private readonly SimulatedJournal _journal;
    private readonly Later _later = new();
    private readonly Inbox _inbox = new();
    private readonly PartitionSettings _settings = new(GrainBudget: 10);
    private readonly Partition _partition;

    /// <summary>Starts a hub: it reads the stores that the disk has.</summary>
    public OneThreadHub(SimulatedJournal journal)
    {
        _journal = journal;
        var stores = StoreRegistry.Load(journal, TimeProvider.System);
        var rules = new RulesetInForce(new Ruleset { Currency = "CNY" });
        var (links, grains) = (new LinkDirectory(), new GrainDirectory());
        grains.Use([_inbox], 1);
        var router = new EffectRouter(links, stores, rules, _later, grains, NullLogger<EffectRouter>.Instance);
        var pipeline = new CommitPipeline(journal, stores, NullLogger<CommitPipeline>.Instance) { Released = router.Acknowledge };
        var context = new TurnContext(TimeProvider.System, new PlacementPolicy(), rules, links, stores, new ClaimBook(journal), new MergeWork(journal));
        _partition = new Partition(1, _settings, journal, context, router, grains, NullLogger.Instance);
        Parts = new HubParts(journal, stores, rules, links, grains, pipeline, router, _later, TimeProvider.System, NullLogger.Instance, FloorDenials.Load(journal)) { ReceiptKeys = ReceiptKeys.Of(new byte[32]) };
    }

    public HubParts Parts { get; }

    /// <summary>A store whose only life was given up.</summary>
    public Holder AddReclaimedLife()
    {
        var (_, code) = Parts.Stores.Create(default, "lost");
        var life = Parts.Stores.Enrol(code)!.Holder;
        Parts.Stores.Update(life.Store, store => store with { Lives = store.Lives.Put(store.Lives.Find(life.Incarnation)! with { Status = LifeStatus.Dead, Release = ReleaseKind.Reclaimed, Payer = "hq/loss", Approver = "kim" }) });
        return life;
    }

    public StoreLink LinkOf(Holder life) => Parts.Links.GetOrAdd(life.Store, id => new StoreLink(id, Parts));

    public MemberState? Peek(MemberId member) => _partition.Peek(member);

    public void Work()
    {
        RunLater();
        Decide();
        Write();
        RunLater();
        Parts.Pipeline.Submit(new JournalBatch(), null, static () => { });
        Flush();
    }

    public void RunLater()
    {
        while (_later.TryDequeue(out var action))
        {
            action();
        }
    }

    public void Decide()
    {
        if (_inbox.Count == 0)
        {
            return;
        }

        var batch = _partition.Decide([.. _inbox]);
        _inbox.Clear();
        Parts.Pipeline.Submit(batch.Journal, batch.Exposure, () => _partition.Released(batch));
    }

    /// <summary>Decides as a process does, in a loop of its own. It ends when that cannot go on.</summary>
    public Task DecideInALoopAsync()
    {
        var loop = new PartitionLoop(_partition, _settings, Parts.Pipeline);
        var ended = loop.RunAsync();
        _inbox.ForEach(loop.Post);
        _inbox.Clear();
        return ended;
    }

    /// <summary>The disk takes all, and what that caused leaves.</summary>
    public void Write()
    {
        Flush();
        while (Parts.Pipeline.ReleaseNext())
        {
        }
    }

    public void Flush() => _journal.Flush(int.MaxValue);

    private sealed class Inbox : List<GrainMessage>, IInbox
    {
        public int ActiveGrains => 0;

        public void Post(GrainMessage message) => Add(message);
    }
}
