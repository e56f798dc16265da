namespace SyncHub.Storage.Tests;

public abstract partial class JournalConformance
{
    [Fact]
    public async Task Documents_are_put_replaced_and_deleted_in_the_order_of_the_batch()
    {
        await Journal.CommitAsync(Make.Documents(Make.Put("a", "1"), Make.Put("b", "1"), Make.Put("a", "2"), Make.Delete("b"), Make.Delete("c"), Make.Put("c", "3")));
        Assert.Equal(["a=2", "c=3"], Journal.ReadDocuments("members", default, default, 10).Texts());
        Assert.Equal(2, Journal.CountDocuments("members"));
        Assert.Null(Journal.ReadDocument("members", "b"u8));
    }

    [Fact]
    public async Task Only_if_absent_keeps_what_is_there_and_fails_nothing()
    {
        await Journal.CommitAsync(Make.Documents(Make.Put("a", "1")));
        await Journal.CommitAsync(Make.Documents(
            Make.Put("a", "2") with { OnlyIfAbsent = true }, Make.Put("b", "1") with { OnlyIfAbsent = true }, Make.Put("b", "2") with { OnlyIfAbsent = true }, Make.Delete("a") with { OnlyIfAbsent = true }));
        Assert.Equal(["a=1", "b=1"], Journal.ReadDocuments("members", default, default, 10).Texts());
    }

    [Fact]
    public async Task A_document_that_is_not_what_its_writer_expected_refuses_the_whole_batch()
    {
        await Journal.CommitAsync(Make.Documents(Make.Put("a", "1") with { Expected = Array.Empty<byte>() }));
        await Journal.CommitAsync(Make.Documents(Make.Put("a", "2") with { Expected = Make.Bytes("1") }, Make.Put("a", "3") with { Expected = Make.Bytes("2") }));
        foreach (var stale in new[] { "", "1", "2" })
        {
            await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(Make.Documents(Make.Put("b", "x"), Make.Put("a", "4") with { Expected = Make.Bytes(stale) })));
        }
        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitAsync(Make.Documents(Make.Delete("a") with { Expected = Make.Bytes("2") })));
        Assert.Equal(["a=3"], Journal.ReadDocuments("members", default, default, 10).Texts());
    }

    [Fact]
    public async Task Collections_do_not_see_each_other()
    {
        await Journal.CommitAsync(Make.Documents(Make.Put("a", "member"), Make.Put("a", "rule", "rules")));
        Assert.Equal("rule", Make.Text(Journal.ReadDocument("rules", "a"u8)));
        await Journal.CommitAsync(Make.Documents(Make.Delete("a")));
        Assert.Equal(0, Journal.CountDocuments("members"));
        Assert.Equal(1, Journal.CountDocuments("rules"));
    }

    [Fact]
    public async Task An_empty_key_and_an_empty_value_are_a_document()
    {
        await Journal.CommitAsync(Make.Documents(Make.Put("", "x"), Make.Put("a", "")));
        Assert.Equal("x", Make.Text(Journal.ReadDocument("members", default)));
        Assert.Equal([], Journal.ReadDocument("members", "a"u8)!);
        Assert.Equal(["=x", "a="], Journal.ReadDocuments("members", default, default, 10).Texts());
    }

    [Theory]
    [InlineData("", "", 10, "a ab abc b ba c")]
    [InlineData("", "", 2, "a ab")]
    [InlineData("", "ab", 2, "abc b")]
    [InlineData("", "aba", 10, "abc b ba c")]
    [InlineData("ab", "", 10, "ab abc")]
    [InlineData("ab", "ab", 10, "abc")]
    [InlineData("b", "a", 10, "b ba")]
    [InlineData("a", "b", 10, "")]
    [InlineData("x", "", 10, "")]
    [InlineData("", "c", 10, "")]
    [InlineData("", "", 0, "")]
    public async Task Documents_are_scanned_in_key_order_by_prefix_and_page(string prefix, string after, int limit, string expected)
    {
        await Journal.CommitAsync(Make.Documents([.. "c ba b abc ab a".Split(' ').Select(key => Make.Put(key, "v"))]));
        var found = Journal.ReadDocuments("members", Make.Bytes(prefix), Make.Bytes(after), limit);
        Assert.Equal(expected, string.Join(' ', found.Select(document => System.Text.Encoding.UTF8.GetString(document.Key))));
    }

    [Fact]
    public async Task Keys_are_ordered_as_unsigned_bytes_and_a_prefix_may_end_in_the_highest_byte()
    {
        byte[][] keys = [[0x00], [0x7F], [0x80], [0xFE, 0xFF], [0xFE, 0xFF, 0x01], [0xFF], [0xFF, 0xFF], [0xFF, 0xFF, 0x00]];
        await Journal.CommitAsync(Make.Documents([.. keys.Reverse().Select(key => new DocumentWrite("members", key, [1]))]));
        Assert.Equal(keys, Journal.ReadDocuments("members", default, default, 100).Select(document => document.Key));
        Assert.Equal(keys[3..5], Journal.ReadDocuments("members", [0xFE, 0xFF], default, 100).Select(document => document.Key));
        Assert.Equal(keys[5..], Journal.ReadDocuments("members", [0xFF], default, 100).Select(document => document.Key));
        Assert.Equal(keys[6..], Journal.ReadDocuments("members", [0xFF, 0xFF], [0xFF], 100).Select(document => document.Key));
    }

    [Fact]
    public async Task Paging_through_a_collection_gives_every_document_once()
    {
        await Journal.CommitAsync(Make.Documents([.. Enumerable.Range(0, 95).Select(n => Make.Put($"m{n:000}", "v"))]));
        var seen = new List<string>();
        byte[] after = [];
        for (IReadOnlyList<StoredDocument> page; (page = Journal.ReadDocuments("members", "m"u8, after, 10)).Count > 0; after = page[^1].Key)
        {
            seen.AddRange(page.Select(document => System.Text.Encoding.UTF8.GetString(document.Key)));
        }
        Assert.Equal(Enumerable.Range(0, 95).Select(n => $"m{n:000}"), seen);
    }
}
