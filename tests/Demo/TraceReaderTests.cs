using System.IO.Compression;
using System.Text;
using SyncHub.Demo.Traces;

namespace SyncHub.Demo.Tests;

public sealed class TraceReaderTests
{
    private const string Header = "occurred_at,store_id,member_id,amount_minor,kind,extra\n";

    [Fact]
    public void Sales_are_read_with_time_store_member_and_amount()
    {
        var row = Assert.Single(Read(Header + "2017-01-01T09:30:00-05:00,367,1238,599,purchase,l=1;q=2\n").Rows);
        Assert.Equal(new TraceRow(2, new DateTimeOffset(2017, 1, 1, 9, 30, 0, TimeSpan.FromHours(-5)), "367", "1238", 599), row);
    }

    [Fact]
    public void A_gzipped_trace_is_known_by_its_bytes_and_reads_the_same()
    {
        const string Text = Header + "2017-01-01T09:30:00,1,2,3,purchase,\n";
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Text));
        }

        packed.Position = 0;
        Assert.Equal(Read(Text).Rows, TraceReader.Read(packed, "packed").Rows);
    }

    [Fact]
    public void A_gzipped_trace_that_is_damaged_is_refused_with_the_last_good_line()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Header + string.Concat(Enumerable.Repeat("2017-01-01T09:30:00,1,2,3,purchase,\n", 20_000))));
        }

        // The first blocks stay whole; then comes what no block starts with.
        var bytes = packed.ToArray();
        Array.Fill(bytes, (byte)0xff, bytes.Length / 2, bytes.Length / 2);
        using var damaged = new MemoryStream(bytes);
        var error = Assert.Throws<DemoException>(() => TraceReader.Read(damaged, "damaged"));
        Assert.Contains("damaged after line", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_header_decides_and_neither_order_nor_unknown_columns_matter()
    {
        var row = Assert.Single(Read("weather,amount_minor,member_id,KIND,store_id,Occurred_At\nsunny,599,m,purchase,s,2017-01-01\n").Rows);
        Assert.Equal(("m", "s", 599L), (row.Member, row.Store, row.AmountMinor));
    }

    [Fact]
    public void Without_a_kind_the_sign_decides() =>
        Assert.Equal([5, -3], Read("occurred_at,store_id,member_id,amount_minor\n2017-01-01,1,2,5\n2017-01-02,1,2,-3\n").Rows.Select(row => row.AmountMinor));

    [Fact]
    public void A_missing_column_is_named()
    {
        var error = Assert.Throws<DemoException>(() => Read("occurred_at,store_id,amount_minor\n"));
        Assert.Contains("member_id", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_file_is_refused() => Assert.Throws<DemoException>(() => Read(""));

    [Theory]
    [InlineData("2017-01-01,1,2,5", "fields")]
    [InlineData("2017-01-01,1,2,5,purchase,x,y", "fields")]
    [InlineData("2017-01-01,1,2,5.00,purchase,", "whole number")]
    [InlineData("2017-01-01,1,2,,purchase,", "whole number")]
    [InlineData("2017-01-01,1,2,99999999999999999999,purchase,", "whole number")]
    [InlineData("yesterday,1,2,5,purchase,", "not a time")]
    [InlineData("2017-01-01,,2,5,purchase,", "store_id")]
    [InlineData("2017-01-01,1,2,5,refund,", "below zero")]
    [InlineData("2017-01-01,1,2,5,purchase,\"open", "quote")]
    [InlineData("2017-01-01,1,2,5,pur\"chase,", "quote")]
    public void A_broken_line_is_noted_with_its_number_and_the_rest_is_read(string broken, string reason)
    {
        var trace = Read($"{Header}2017-01-01,1,2,5,purchase,\n\n{broken}\n2017-01-02,1,2,6,purchase,\n");
        var bad = Assert.Single(trace.BadLines);
        Assert.Equal(4, bad.Line);
        Assert.Contains(reason, bad.Reason, StringComparison.Ordinal);
        Assert.Equal([2, 5], trace.Rows.Select(row => row.Line));
    }

    [Fact]
    public void Refunds_are_kept_and_offers_coupons_members_unknown_and_zeros_are_counted_and_left_out()
    {
        var trace = Read(Header + """
            2017-01-01,1,2,500,purchase,
            2017-01-01,1,2,-200,refund,
            2017-01-01,,2,0,offer,campaign=24
            2017-01-01,1,2,0,coupon_redeemed,
            2017-01-01,1,,700,purchase,
            2017-01-01,1,2,0,purchase,
            """);
        Assert.Equal([500, -200], trace.Rows.Select(row => row.AmountMinor));
        Assert.Equal((2, 1, 1), (trace.OtherKinds, trace.WithoutMember, trace.ZeroAmounts));
        Assert.Empty(trace.BadLines);
    }

    [Fact]
    public void Rows_are_put_in_the_order_of_time_and_those_of_one_moment_stay_as_they_were()
    {
        var trace = Read(Header + "2017-01-03,1,2,1,purchase,\n2017-01-01,1,2,2,purchase,\n2017-01-01,1,2,3,purchase,\n2017-01-01,1,2,3,purchase,\n");
        Assert.Equal([3, 4, 5, 2], trace.Rows.Select(row => row.Line)); // identical rows are two receipts
    }

    private static Trace Read(string text)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return TraceReader.Read(stream, "test");
    }
}
