using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>A reader that is slow holds its writer back, through the windows of HTTP/2.</summary>
public sealed class BackPressureTests
{
    private const int MessageBytes = 16 * 1024;
    private const int Messages = 4000;

    // The windows, Kestrel's and the stream's buffers on both sides, with room to spare: a small part of the 64 MB to be sent.
    private const int BoundBytes = 24 * 1024 * 1024;

    // A call that changes nothing but takes a full round trip: the measure of time here.
    private const int RoundTripsOfStandstill = 200;

    [Fact]
    public async Task A_client_that_does_not_read_stops_the_server()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        using var call = client.Download(new EchoRequest { Count = Messages, Payload = ByteString.CopyFrom(new byte[MessageBytes]) });
        Assert.True(await call.ResponseStream.MoveNext());

        await StandstillAsync(client, () => server.Events.Written);
        Assert.InRange((long)server.Events.Written * MessageBytes, 1, BoundBytes);

        var read = 1;
        await foreach (var reply in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal(read++, reply.Count);
        }

        Assert.Equal(Messages, read);
    }

    [Fact]
    public async Task A_server_that_does_not_read_stops_the_client()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        using var call = client.Upload();
        await call.RequestStream.WriteAsync(new EchoRequest { Text = "hold" });
        var request = new EchoRequest { Payload = ByteString.CopyFrom(new byte[MessageBytes]) };
        var written = 0;
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < Messages; i++)
            {
                await call.RequestStream.WriteAsync(request);
                Interlocked.Increment(ref written);
            }

            await call.RequestStream.CompleteAsync();
        });

        await StandstillAsync(client, () => Volatile.Read(ref written));
        Assert.InRange((long)written * MessageBytes, 1, BoundBytes);

        server.Events.Release.TrySetResult();
        await writing.Happens("the end of the writes");
        Assert.Equal(Messages + 1, (await call.ResponseAsync.Happens("the response")).Count);
    }

    private static async Task StandstillAsync(Echo.EchoClient client, Func<int> progress)
    {
        var last = -1;
        for (var quiet = 0; quiet < RoundTripsOfStandstill; quiet++)
        {
            await client.UnaryAsync(new EchoRequest());
            var now = progress();
            if (now != last)
            {
                (last, quiet) = (now, 0);
            }
        }
    }
}
