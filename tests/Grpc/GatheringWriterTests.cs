using System.IO.Compression;
using Grpc.Core;
using Grpc.Wire;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>When the outgoing half of a stream sends what it was given.</summary>
public sealed class GatheringWriterTests
{
    private const int MessageBytes = MessageEncoder.HeaderBytes + 3;

    [Fact]
    public void A_message_on_a_quiet_stream_is_sent_before_the_write_returns()
    {
        var sent = new List<int>();
        var writer = Writer(bytes =>
        {
            sent.Add(bytes.Length);
            return ValueTask.CompletedTask;
        });
        Assert.True(Write(writer).IsCompletedSuccessfully);
        Assert.Equal([MessageBytes], sent);
    }

    [Fact]
    public async Task Messages_that_are_written_while_a_send_is_under_way_leave_together()
    {
        var (sent, mayEnd) = (new List<int>(), new TaskCompletionSource());
        var writer = Writer(async bytes =>
        {
            sent.Add(bytes.Length);
            await mayEnd.Task;
        });
        Assert.True(Write(writer).IsCompletedSuccessfully);
        for (var i = 0; i < 10; i++)
        {
            Assert.True(Write(writer).IsCompletedSuccessfully);
        }

        mayEnd.SetResult();
        await writer.DrainAsync();
        Assert.Equal([MessageBytes, 10 * MessageBytes], sent);
    }

    [Fact]
    public async Task A_quiet_stream_whose_send_fails_fails_the_next_write_alike()
    {
        var writer = Writer(_ => ValueTask.FromException(new IOException("the line is cut")));
        Assert.True(Write(writer).IsCompletedSuccessfully);
        Assert.Equal("the line is cut", (await Assert.ThrowsAsync<IOException>(() => Write(writer))).Message);
    }

    private static GatheringWriter Writer(Func<ReadOnlyMemory<byte>, ValueTask> send) => new(new MessageEncoder(null, "identity", CompressionLevel.Fastest), send);

    private static Task Write(GatheringWriter writer) => writer.WriteAsync("abc", static (_, context) => context.Complete([1, 2, 3]), WriteFlags.None);
}
