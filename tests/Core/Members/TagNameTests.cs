using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Tests.Members;

/// <summary>A machine and its copy write different ops under one number: the tags that they add are told apart, whichever log is heard first.</summary>
public sealed class TagNameTests : ITurnContext
{
    private static readonly Holder Branch = Make.Holder(1) with { Incarnation = Incarnation.Of(1, 7) };
    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new();

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => null;

    public long NextAsk() => 1;

    [Theory]
    [InlineData("machine", "machine's removal", "copy")]
    [InlineData("machine", "copy", "machine's removal")]
    [InlineData("copy", "machine", "machine's removal")]
    [InlineData("removal elsewhere", "machine", "copy")]
    [InlineData("removal elsewhere", "copy", "machine")]
    [InlineData("machine", "removal elsewhere", "copy")]
    public void What_one_of_them_removes_is_its_own_tag_in_any_order(params string[] order)
    {
        foreach (var what in order)
        {
            _hub.Turn(what switch
            {
                "machine" => Added(head: 11, isCopy: false),
                "copy" => Added(head: 22, isCopy: true),
                "machine's removal" => Removed(Make.Id(2), new Dot(Make.Id(1), 11)),
                _ => Removed(Make.Id(1, store: 2), new Dot(Make.Id(1), 11)),
            }, this);
        }

        Assert.Equal([new TagDot("vip", new Dot(Make.Id(1), 22))], _hub.State.Personal.TagDots);
    }

    [Fact]
    public void A_removal_of_a_program_of_before_names_every_op_of_the_number()
    {
        _hub.Turn(Added(head: 11, isCopy: false), this);
        _hub.Turn(Added(head: 22, isCopy: true), this);

        _hub.Turn(Removed(Make.Id(1, store: 2), new Dot(Make.Id(1))), this);

        Assert.Empty(_hub.State.Personal.Tags);
    }

    [Fact]
    public void A_removal_of_a_program_of_before_that_comes_first_is_kept_until_the_op_comes()
    {
        _hub.Turn(Removed(Make.Id(1, store: 2), new Dot(Make.Id(1))), this);
        _hub.Turn(Added(head: 11, isCopy: false), this);

        Assert.Empty(_hub.State.Personal.Tags);
        Assert.Empty(_hub.State.Personal.RemovedAhead);
    }

    [Fact]
    public void A_tag_that_was_taken_in_before_hashes_were_said_is_removed_by_a_name_with_one()
    {
        _hub.Turn(Added(head: 0, isCopy: false), this);
        _hub.Turn(Removed(Make.Id(2), new Dot(Make.Id(1), 11)), this);

        Assert.Empty(_hub.State.Personal.Tags);
    }

    [Fact]
    public void Two_copies_that_write_one_field_at_one_stamp_come_to_the_same_value_in_any_order()
    {
        var op = Make.Op(OpType.ProfileSet) with { Id = Make.Id(1), Stamp = new Hlc(NowMs, 0) };
        OpArrived[] both = [Named(op, "Ann", op.Id), Named(op, "Bob", op.Id with { Holder = Branch })];
        foreach (var order in new[] { both, [both[1], both[0]] })
        {
            var hub = new MemberMachine(new MemberState(Make.Member, Make.Currency));
            Array.ForEach(order, one => hub.Turn(one, this));
            Assert.Equal("Bob", hub.State.Profile.Name);
        }
    }

    private static OpArrived Named(Op op, string name, OpId place) => new(op with { Fields = [new FieldChange(ProfileField.Name, name)] }) { Place = place };

    private static OpArrived Added(ulong head, bool isCopy) => new(Make.Op(OpType.TagAdd) with { Id = Make.Id(1), Tag = "vip" })
    {
        Place = isCopy ? new OpId(Branch, 1) : Make.Id(1),
        HashHead = head,
    };

    private static OpArrived Removed(OpId id, Dot dot) => new(Make.Op(OpType.TagRemove) with { Id = id, Tag = "vip", RemovedDots = [dot] });
}
