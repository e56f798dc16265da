using SyncHub.Core.Primitives;

namespace SyncHub.Core.Tests.Primitives;

public sealed class MemberIdTests
{
    [Fact]
    public void Text_and_bytes_read_back_as_the_same_id() => SeededRandom.ForEachSeed(500, seed =>
    {
        var random = new SeededRandom(seed);
        var id = MemberId.FromBytes(random.Bytes(16));

        Assert.True(MemberId.TryParse(id.ToString(), out var fromText));
        Assert.True(MemberId.TryParse(id.ToString().ToLowerInvariant(), out var fromLower));
        Assert.Equal(id, fromText);
        Assert.Equal(id, fromLower);
        Assert.Equal(id, MemberId.FromBytes(id.ToBytes()));
    });

    [Fact]
    public void Ids_texts_and_bytes_sort_alike_and_by_time() => SeededRandom.ForEachSeed(200, seed =>
    {
        var random = new SeededRandom(seed);
        var first = MemberId.Create(random.Between(0, (1L << 48) - 2), random.Bytes(10));
        var second = MemberId.FromBytes(random.Bytes(16));

        Assert.Equal(Math.Sign(first.CompareTo(second)), Math.Sign(string.CompareOrdinal(first.ToString(), second.ToString())));
        Assert.Equal(Math.Sign(first.CompareTo(second)), Math.Sign(first.ToBytes().AsSpan().SequenceCompareTo(second.ToBytes())));
    });

    [Fact]
    public void An_id_made_later_sorts_later_whatever_its_random_part()
    {
        var high = Enumerable.Repeat((byte)255, 10).ToArray();

        Assert.True(MemberId.Create(1_000, high).CompareTo(MemberId.Create(1_001, new byte[10])) < 0);
    }

    [Fact]
    public void The_text_of_a_known_id_is_the_one_of_the_ulid_specification()
    {
        // 01ARZ3NDEKTSV4RRFFQ69G5FAV is the example of github.com/ulid/spec; its time is 1469922850259.
        Assert.True(MemberId.TryParse("01ARZ3NDEKTSV4RRFFQ69G5FAV", out var id));
        Assert.Equal("01ARZ3NDEKTSV4RRFFQ69G5FAV", id.ToString());
        Assert.Equal(1_469_922_850_259, (long)(id.Value >> 80));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FA")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FAVV")]
    [InlineData("81ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FAU")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FAI")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FA ")]
    [InlineData("01ARZ3NDEKT\u017FV4RRFFQ69G5FAV")]
    [InlineData("\uFF101ARZ3NDEKTSV4RRFFQ69G5FAV")]
    public void Anything_else_is_not_an_id(string? text) => Assert.False(MemberId.TryParse(text, out _));

    [Fact]
    public void Ids_of_one_millisecond_spread_evenly_over_256_slots()
    {
        var counts = new int[256];
        for (var i = 0; i < 25_600; i++)
        {
            var entropy = new byte[10];
            entropy[8] = (byte)(i >> 8);
            entropy[9] = (byte)i;
            counts[MemberId.Create(Make.NowMs, entropy).Slot(256)]++;
        }

        // 100 a slot on average; sixty off would be six standard deviations.
        Assert.All(counts, count => Assert.InRange(count, 40, 160));
    }

    [Fact]
    public void The_slot_of_an_id_never_changes_between_versions()
    {
        Assert.True(MemberId.TryParse("01ARZ3NDEKTSV4RRFFQ69G5FAV", out var id));
        Assert.Equal(id.Slot(256), id.Slot(256));
        Assert.InRange(id.Slot(1), 0, 0);
        Assert.Equal(SlotOfTheExample, id.Slot(256));
    }

    // Recorded once: a store of records is partitioned by it, so another number would lose members.
    private const int SlotOfTheExample = 103;
}
