using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Testing;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>Two hubs over one journal take one op of a life that was given up into two chains: only one of them may book it. Points, because of money there is a sum that one of them would have wrong.</summary>
public sealed class OtherChainsTests : IDisposable
{
    private static readonly MemberId Member = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private static readonly MemberId Other = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    private readonly SimulatedJournal _journal = new();
    private readonly OneThreadHub _first;
    private readonly OneThreadHub _second;
    private readonly Holder _life;

    public OtherChainsTests()
    {
        _first = new OneThreadHub(_journal);
        _life = _first.AddReclaimedLife();
        _first.Work();
        _second = new OneThreadHub(_journal);
        _second.LinkOf(_life).Cut(); // which reads the chains of lives that are over
    }

    public void Dispose() => _journal.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_op_that_another_hub_has_in_a_branch_is_not_booked_from_the_lifes_own_chain(bool memberIsOthers)
    {
        var log = new Log(_life);
        var before = log.Next(memberIsOthers ? Other : Member, 5);
        var op = log.Next(Member, 118);
        Assert.True(Take(_first, op));
        _first.Work(); // the op before it is missing: a branch

        Assert.True(Take(_second, before));
        _second.Work();
        Assert.True(Take(_second, op));

        Assert.Throws<JournalConflictException>(_second.Decide);
        Assert.Equal(memberIsOthers ? 118 : 123, PointsOnTheDisk);
    }

    [Fact]
    public void An_op_that_another_hub_has_in_the_lifes_own_chain_is_not_booked_from_a_branch()
    {
        var log = new Log(_life);
        var before = log.Next(Member, 5);
        var op = log.Next(Member, 118);
        Assert.True(Take(_first, before));
        Assert.True(Take(_first, op));
        _first.Work();

        Assert.True(Take(_second, op));

        Assert.Throws<JournalConflictException>(_second.Decide);
        Assert.Equal(123, PointsOnTheDisk);
    }

    [Fact]
    public async Task The_hub_that_finds_an_op_with_its_member_stops_and_blames_no_op()
    {
        var log = new Log(_life);
        var (before, op) = (log.Next(Member, 5), log.Next(Member, 118));
        Take(_first, op);
        _first.Work();
        Take(_second, before);
        _second.Work();
        Take(_second, op);

        await _second.DecideInALoopAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.IsType<JournalConflictException>(await _second.Parts.Pipeline.Failed.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(123, PointsOnTheDisk);
    }

    [Fact]
    public void A_hub_that_decided_before_the_other_one_wrote_is_refused_by_the_journal()
    {
        var log = new Log(_life);
        var before = log.Next(Other, 5);
        var op = log.Next(Member, 118);
        Assert.True(Take(_second, before));
        _second.Work();
        Assert.True(Take(_second, op));
        Assert.True(Take(_first, op));
        _first.Decide();
        _second.Decide();
        _second.Write();
        _first.Write();

        Assert.True(_second.Parts.Pipeline.Failed.IsCompleted);
        Assert.Equal(118, PointsOnTheDisk);
    }

    [Fact]
    public void Two_ops_of_one_number_are_both_booked()
    {
        var log = new Log(_life);
        var before = log.Next(Member, 5);
        var (one, copys) = (log.After(before, Member, 7), log.After(before, Member, 11));
        Assert.True(Take(_first, one));
        _first.Work();
        Assert.True(Take(_first, before));
        Assert.True(Take(_first, copys));
        _first.Work();
        Assert.True(Take(_first, log.After(copys, Member, 13)));
        _first.Work();

        Assert.False(Take(_first, one));
        Assert.Equal(36, PointsOnTheDisk);
    }

    private long PointsOnTheDisk
    {
        get
        {
            using var disk = new Stopped(_journal);
            return disk.Points;
        }
    }

    private static bool Take(OneThreadHub hub, Logged op) => hub.LinkOf(op.Id.Holder).OnReceipt(op.Id, op.Previous, op.Bytes);

    private sealed record Logged(OpId Id, OpHash Previous, byte[] Bytes)
    {
        public OpHash Hash => Previous.Next(Bytes);
    }

    // What the lost machine has logged.
    private sealed class Log(Holder life)
    {
        private Logged? _newest;

        public Logged Next(MemberId member, long points) => _newest = After(_newest, member, points);

        public Logged After(Logged? before, MemberId member, long points)
        {
            var id = new OpId(life, (before?.Id.Sequence ?? 0) + 1);
            return new Logged(id, before?.Hash ?? OpHash.Genesis, OpCodec.Encode(new Op { Id = id, Type = OpType.Adjust, Member = member, RulesetVersion = 1, Note = "test", Moves = [new Move(MoveKind.Credit, Bucket.Points, points, 0)] }));
        }
    }

    private sealed class Stopped(SimulatedJournal journal) : IDisposable
    {
        private readonly SimulatedJournal _disk = journal.Crash();

        public long Points => Grains.Grain.Activate(Member, new Asset("CNY"), _disk).Machine.State.TotalOf(Bucket.Points);

        public void Dispose() => _disk.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
