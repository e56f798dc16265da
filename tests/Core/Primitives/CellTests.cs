using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using Xunit;

namespace SyncHub.Core.Tests.Primitives;

/// <summary>Where a member is looked for, for ever.</summary>
public sealed class CellTests
{
    [Fact]
    public void Members_fill_all_cells_and_within_each_all_partitions()
    {
        var random = new Random(7);
        var members = new int[3, 16];
        for (var i = 0; i < 48_000; i++)
        {
            var entropy = new byte[10];
            random.NextBytes(entropy);
            var member = MemberId.Create(1_700_000_000_000, entropy);
            members[new Cell(1, 3).NumberOf(member) - 1, member.Slot(16)]++;
        }

        foreach (var count in members)
        {
            Assert.InRange(count, 800, 1_200);
        }
    }

    [Theory]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FAV", 1, 5)]
    [InlineData("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", 2, 3)]
    public void The_cell_of_a_number_never_changes(string text, int ofTwo, int ofFive)
    {
        Assert.True(MemberId.TryParse(text, out var member));
        Assert.Equal((1, ofTwo, ofFive), (Cell.Only.NumberOf(member), new Cell(1, 2).NumberOf(member), new Cell(1, 5).NumberOf(member)));
    }

    [Theory]
    [InlineData("13800000001", 1, 2)]
    [InlineData("13800000002", 2, 3)]
    public void The_cell_of_a_phone_never_changes(string phone, int ofTwo, int ofFive) =>
        Assert.Equal((1, ofTwo, ofFive), (Cell.Only.NumberOf(phone), new Cell(1, 2).NumberOf(phone), new Cell(1, 5).NumberOf(phone)));

    [Fact]
    public void Phones_that_follow_each_other_fill_all_cells()
    {
        var cells = new int[4];
        for (var i = 0; i < 10_000; i++)
        {
            cells[new Cell(1, 4).NumberOf(FormattableString.Invariant($"138000{i:00000}")) - 1]++;
        }

        Assert.All(cells, count => Assert.InRange(count, 2_300, 2_700));
    }

    [Fact]
    public void A_new_member_is_in_the_cell_that_made_the_number()
    {
        for (var number = 1; number <= 7; number++)
        {
            for (byte i = 0; i < 50; i++)
            {
                Assert.True(new Cell(number, 7).Has(new Cell(number, 7).NewMember(1_700_000_000_000, [i, 1, 2, 3, 4, 5, 6, 7, 8, 255])));
            }
        }
    }

    [Fact]
    public void A_life_says_its_cell_and_no_two_cells_give_one_number()
    {
        var lives = new StoreLives();
        var first = lives.Begin(Incarnation.First(3, 1), default, default).Begin(Incarnation.First(3, 1), default, default).Current;
        var second = lives.Begin(Incarnation.First(3, 2), default, default).Begin(Incarnation.First(3, 2), default, default).Current;
        Assert.Equal((Incarnation.Of(3, 2), 1, "3.2"), (first, first.Cell, first.ToString()));
        Assert.Equal((3, 2, "3.2@2"), (second.Term, second.Cell, second.ToString()));
        Assert.Equal(256, Incarnation.First(1, Cell.Most).Cell);
        Assert.Equal(2, lives.Begin(Incarnation.First(3, 2), default, default).Fork(Incarnation.First(4, 2), Incarnation.First(3, 2)).Branch.Cell);
    }

    [Theory]
    [InlineData("1/1", true)]
    [InlineData("2/3", true)]
    [InlineData("256/256", true)]
    [InlineData("0/1", false)]
    [InlineData("3/2", false)]
    [InlineData("1/257", false)]
    [InlineData("1", false)]
    [InlineData("1/2/3", false)]
    [InlineData("-1/2", false)]
    [InlineData("a/b", false)]
    [InlineData("", false)]
    public void A_cell_is_a_number_and_how_many_there_are(string text, bool isOne)
    {
        Assert.Equal(isOne, Cell.TryParse(text, out var cell));
        Assert.Equal(isOne ? text : "0/0", isOne ? cell.ToString() : "0/0");
    }
}
