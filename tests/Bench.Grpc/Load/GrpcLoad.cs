using System.Diagnostics;
using Google.Protobuf;
using Grpc.Net.Client;
using SyncHub.GrpcBench.Contract;

namespace SyncHub.GrpcBench.Load;

/// <summary>Load by our gRPC client, over one connection.</summary>
internal sealed class GrpcLoad(string address) : IDisposable
{
    private const int Window = 64;
    private const int MessagesPerDownload = 20_000;
    private const int MessagesPerLookAtTheClock = 64;

    private static readonly Message Request = new() { Body = ByteString.CopyFrom(new byte[Payload.BodyBytes]) };

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress("http://" + address);

    private Contract.Bench.BenchClient Client => new(_channel);

    public async Task UnaryAsync(Timing timing)
    {
        var client = Client;
        while (!timing.IsOver)
        {
            var since = Stopwatch.GetTimestamp();
            await client.UnaryAsync(Request);
            timing.Add(since);
        }
    }

    public async Task UploadAsync(Timing timing)
    {
        using var call = Client.Upload();
        while (timing.Messages % MessagesPerLookAtTheClock != 0 || !timing.IsOver)
        {
            await call.RequestStream.WriteAsync(Request);
            timing.Messages++;
        }

        await call.RequestStream.CompleteAsync();
        if (await call is var counted && counted.Messages != timing.Messages)
        {
            throw new InvalidOperationException($"Sent {timing.Messages} messages, the server counted {counted.Messages}.");
        }
    }

    public async Task DownloadAsync(Timing timing)
    {
        while (!timing.IsOver)
        {
            using var call = Client.Download(new Count { Messages = MessagesPerDownload });
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                timing.Messages++;
            }
        }
    }

    // The window is what is under way: its times of sending are a ring, since answers come in order.
    public async Task EchoAsync(Timing timing)
    {
        using var call = Client.Echo();
        var sent = new long[Window];
        var free = new SemaphoreSlim(Window, Window);
        var reading = ReadAsync();
        for (var number = 0L; !timing.IsOver; number++)
        {
            await free.WaitAsync();
            sent[number % Window] = Stopwatch.GetTimestamp();
            await call.RequestStream.WriteAsync(Request);
        }

        await call.RequestStream.CompleteAsync();
        await reading;

        async Task ReadAsync()
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                timing.Add(sent[timing.Messages % Window]);
                free.Release();
            }
        }
    }

    public void Dispose() => _channel.Dispose();
}
