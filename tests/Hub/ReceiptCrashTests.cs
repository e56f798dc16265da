using SyncHub.Core.Identity;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Hub.Stores;
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
    private readonly OneThreadHub _hub;
    private readonly Holder _life;

    public ReceiptCrashTests()
    {
        _hub = new OneThreadHub(_journal);
        _life = _hub.AddReclaimedLife();
    }

    public void Dispose() => _journal.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_hub_that_stops_right_after_a_receipts_op_releases_what_that_gave_when_it_is_back(bool releaseEndsBefore)
    {
        _hub.Parts.Releases.Start(_life.Store, _life.Incarnation, null);
        if (releaseEndsBefore)
        {
            _hub.RunLater();
        }

        Assert.True(TakeReceipt(1));
        _hub.RunLater(); // the release of before finds nobody, and ends
        _hub.Decide();
        _hub.Flush();

        using var after = new Restarted(_journal);
        Assert.Single(after.Facts(_life));
        Assert.False(after.LifeOf(_life).IsReleased);
    }

    [Fact]
    public void A_life_is_released_once_every_op_that_receipts_brought_is_durable_and_what_they_gave_is_free()
    {
        long released = -1;
        _hub.Parts.Releases.Start(_life.Store, _life.Incarnation, (amount, _) => released = amount);
        TakeReceipt(1);
        TakeReceipt(2);
        _hub.RunLater();
        Assert.Equal(0, released); // whoever ordered it does not wait for receipts
        _hub.Decide();
        _hub.Write();

        for (var round = 0; round < 4; round++)
        {
            _hub.Work();
        }

        Assert.Equal((1_400, 0), (Free, Held));
        using var after = new Restarted(_journal);
        Assert.True(after.LifeOf(_life).IsReleased);
    }

    [Fact]
    public void Whoever_waits_for_a_release_hears_of_its_end_when_it_begins_again_meanwhile()
    {
        var ended = 0;
        _hub.Parts.Releases.Start(_life.Store, _life.Incarnation, (_, _) => ended++);
        _hub.Parts.Releases.Start(_life.Store, _life.Incarnation, null);
        _hub.Work();

        Assert.Equal(1, ended);
    }

    private long Free => _hub.Peek(Member)!.Find(Bucket.Principal)!.Pool;

    private long Held => _hub.Peek(Member)!.HeldBy(_life).Sum(line => line.Amount);

    private bool TakeReceipt(long sequence)
    {
        var op = new Op { Id = new OpId(_life, sequence), Type = OpType.TopUp, Member = Member, RulesetVersion = 1, Moves = [new Move(MoveKind.Credit, Bucket.Principal, 700, 0)] };
        return _hub.LinkOf(_life).OnReceipt(op.Id, OpHash.FromBytes(Enumerable.Repeat((byte)sequence, OpHash.Size).ToArray()), OpCodec.Encode(op));
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
