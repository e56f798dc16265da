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
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>A life was given up, a receipt brings an op of it, and the hub stops at the worst moment: on one thread, over a simulated disk.</summary>
public sealed class ReceiptCrashTests : IDisposable
{
    private static readonly MemberId Member = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private readonly SimulatedJournal _journal = new();
    private readonly Later _later = new();
    private readonly Inbox _inbox = new();
    private readonly HubParts _parts;
    private readonly Partition _partition;
    private readonly StoreLink _link;
    private readonly Holder _life;

    public ReceiptCrashTests()
    {
        var stores = StoreRegistry.Load(_journal, TimeProvider.System);
        var (_, code) = stores.Create(default, "lost");
        _life = stores.Enrol(code)!.Holder;
        stores.Update(_life.Store, store => store with { Lives = store.Lives.Put(store.Lives.Find(_life.Incarnation)! with { Status = LifeStatus.Dead, Release = ReleaseKind.Reclaimed, Payer = "hq/loss", Approver = "kim" }) });

        var rules = new RulesetInForce(new Ruleset { Currency = "CNY" });
        var (links, grains) = (new LinkDirectory(), new GrainDirectory());
        grains.Use([_inbox], 1);
        var router = new EffectRouter(links, stores, rules, _later, grains, NullLogger<EffectRouter>.Instance);
        var pipeline = new CommitPipeline(_journal, stores, NullLogger<CommitPipeline>.Instance) { Released = router.Acknowledge };
        var context = new TurnContext(TimeProvider.System, new PlacementPolicy(), rules, links, stores, new ClaimBook(_journal), new MergeWork(_journal));
        _partition = new Partition(1, new PartitionSettings(GrainBudget: 10), _journal, context, router, grains, NullLogger.Instance);
        _parts = new HubParts(_journal, stores, rules, links, grains, pipeline, router, _later, TimeProvider.System, NullLogger.Instance, FloorDenials.Load(_journal)) { ReceiptKeys = ReceiptKeys.Of(new byte[32]) };
        _link = links.GetOrAdd(_life.Store, id => new StoreLink(id, _parts));
    }

    public void Dispose() => _journal.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_hub_that_stops_right_after_a_receipts_op_releases_what_that_gave_when_it_is_back(bool releaseEndsBefore)
    {
        _parts.Releases.Start(_life.Store, _life.Incarnation, null);
        if (releaseEndsBefore)
        {
            RunLater();
        }

        Assert.True(TakeReceipt(1));
        RunLater(); // the release of before finds nobody, and ends
        Decide();
        Flush();

        using var after = new Restarted(_journal);
        Assert.Single(after.Facts(_life));
        Assert.False(after.LifeOf(_life).IsReleased);
    }

    [Fact]
    public void A_life_is_released_once_every_op_that_receipts_brought_is_durable_and_what_they_gave_is_free()
    {
        long released = -1;
        _parts.Releases.Start(_life.Store, _life.Incarnation, (amount, _) => released = amount);
        TakeReceipt(1);
        TakeReceipt(2);
        RunLater();
        Assert.Equal(0, released); // whoever ordered it does not wait for receipts
        Decide();
        Flush();
        while (_parts.Pipeline.ReleaseNext())
        {
        }

        for (var round = 0; round < 4; round++)
        {
            Work();
        }

        Assert.Equal((1_400, 0), (Free, Held));
        using var after = new Restarted(_journal);
        Assert.True(after.LifeOf(_life).IsReleased);
    }

    [Fact]
    public void Whoever_waits_for_a_release_hears_of_its_end_when_it_begins_again_meanwhile()
    {
        var ended = 0;
        _parts.Releases.Start(_life.Store, _life.Incarnation, (_, _) => ended++);
        _parts.Releases.Start(_life.Store, _life.Incarnation, null);
        Work();

        Assert.Equal(1, ended);
    }

    private long Free => _partition.Peek(Member)!.Find(Bucket.Principal)!.Pool;

    private long Held => _partition.Peek(Member)!.HeldBy(_life).Sum(line => line.Amount);

    private bool TakeReceipt(long sequence)
    {
        var op = new Op { Id = new OpId(_life, sequence), Type = OpType.TopUp, Member = Member, RulesetVersion = 1, Moves = [new Move(MoveKind.Credit, Bucket.Principal, 700, 0)] };
        return _link.OnReceipt(op.Id, OpHash.FromBytes(Enumerable.Repeat((byte)sequence, OpHash.Size).ToArray()), OpCodec.Encode(op));
    }

    private void Work()
    {
        RunLater();
        Decide();
        Flush();
        while (_parts.Pipeline.ReleaseNext())
        {
        }

        RunLater();
        _parts.Pipeline.Submit(new JournalBatch(), null, static () => { });
        Flush();
    }

    private void RunLater()
    {
        while (_later.TryDequeue(out var action))
        {
            action();
        }
    }

    private void Decide()
    {
        if (_inbox.Count == 0)
        {
            return;
        }

        var batch = _partition.Decide([.. _inbox]);
        _inbox.Clear();
        _parts.Pipeline.Submit(batch.Journal, batch.Exposure, () => _partition.Released(batch));
    }

    private void Flush() => _journal.Flush(int.MaxValue);

    private sealed class Later : Queue<Action>, ISchedule
    {
        public void Run(Action action) => Enqueue(action);

        public void RunAfter(int delayMs, Action action) => Enqueue(action);
    }

    private sealed class Inbox : List<GrainMessage>, IInbox
    {
        public int ActiveGrains => 0;

        public void Post(GrainMessage message) => Add(message);
    }

    // What a hub that starts finds.
    private sealed class Restarted(SimulatedJournal stopped) : IDisposable
    {
        private readonly SimulatedJournal _disk = stopped.Crash();

        public IReadOnlyList<StoredFact> Facts(Holder life) =>
            [.. StoreRegistry.Load(_disk, TimeProvider.System).Find(life.Store)!.Lives.All.SelectMany(chain => _disk.ReadFacts(new ProducerId(life.Store.Value, chain.Number.Value), 0, 10, int.MaxValue))];

        public Life LifeOf(Holder life) => StoreRegistry.Load(_disk, TimeProvider.System).Find(life.Store)!.Lives.Find(life.Incarnation)!;

        public void Dispose() => _disk.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
