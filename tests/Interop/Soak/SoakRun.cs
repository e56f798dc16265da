using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Interop.Contract;
using SyncHub.Interop.Matrix;
using SyncHub.Interop.Service;
using TestService = SyncHub.Interop.Contract.TestService;

namespace SyncHub.Interop.Soak;

/// <summary>Many calls, and many that are given up half way, in one process: nothing may be left of them.</summary>
internal static class SoakRun
{
    private const int InFlight = 32;

    // What pools, JIT and sockets may still grow by after the warm-up; one kept call of 2 KB in a hundred would be twice as much.
    private const long AllowedGrowthBytes = 2 * 1024 * 1024;

    /// <summary>Runs the calls.</summary>
    /// <returns>0, or 1 if memory grew or an exception was observed by nobody.</returns>
    public static async Task<int> RunAsync(int calls, int aborted, CancellationToken cancellation)
    {
        var unobserved = 0;
        TaskScheduler.UnobservedTaskException += (_, _) => Interlocked.Increment(ref unobserved);
        var port = Peer.FreePort();
        await using var server = await InteropServer.StartAsync(port, TimeSpan.Zero, cancellation);
        using var channel = GrpcChannel.ForAddress(string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}"));
        var client = new TestService.TestServiceClient(channel);
        await CallAsync(client, calls / 10, cancellation);
        await AbortAsync(client, aborted / 10);
        var before = LiveBytes();
        await CallAsync(client, calls, cancellation);
        await AbortAsync(client, aborted);
        var after = LiveBytes();
        await server.StopAsync(cancellation);
        Console.WriteLine($"{calls} calls and {aborted} aborted ones: {before / 1024} KiB live before, {after / 1024} KiB after, {unobserved} exceptions observed by nobody");
        return after - before > AllowedGrowthBytes || unobserved > 0 ? 1 : 0;
    }

    private static Task CallAsync(TestService.TestServiceClient client, int count, CancellationToken cancellation) =>
        EachAsync(count, async _ => await client.UnaryCallAsync(new SimpleRequest { ResponseSize = 100, Payload = new Payload { Body = ByteString.CopyFrom(new byte[100]) } }, cancellationToken: cancellation));

    // Every way to give a call up: before it is sent, while it streams, at its deadline, by disposal, and by a failure of the server.
    private static Task AbortAsync(TestService.TestServiceClient client, int count) => EachAsync(count, index => (index % 5) switch
    {
        0 => CancelAtOnceAsync(client),
        1 => CancelWhileStreamingAsync(client),
        2 => IgnoreAsync(client.UnaryCallAsync(new SimpleRequest(), deadline: DateTime.UtcNow.AddMilliseconds(index % 3)).ResponseAsync),
        3 => DisposeAsync(client),
        _ => IgnoreAsync(client.UnaryCallAsync(new SimpleRequest { ResponseStatus = new EchoStatus { Code = 7, Message = "no" } }).ResponseAsync),
    });

    private static async Task CancelAtOnceAsync(TestService.TestServiceClient client)
    {
        using var source = new CancellationTokenSource();
        using var call = client.StreamingInputCall(cancellationToken: source.Token);
        await source.CancelAsync();
        await IgnoreAsync(call.ResponseAsync);
    }

    private static async Task CancelWhileStreamingAsync(TestService.TestServiceClient client)
    {
        using var source = new CancellationTokenSource();
        using var call = client.FullDuplexCall(cancellationToken: source.Token);
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.Add(new ResponseParameters { Size = 100 });
        await call.RequestStream.WriteAsync(request);
        await call.ResponseStream.MoveNext();
        await source.CancelAsync();
        await IgnoreAsync(call.ResponseStream.MoveNext());
    }

    // Nobody looks at any of its tasks again: their failures must not count as unobserved.
    private static async Task DisposeAsync(TestService.TestServiceClient client)
    {
        var call = client.FullDuplexCall();
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest());
        call.Dispose();
    }

    private static async Task IgnoreAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (RpcException)
        {
            // To fail is what these calls are for.
        }
    }

    private static async Task EachAsync(int count, Func<int, Task> run)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(async _ =>
        {
            for (var index = Interlocked.Increment(ref next); index < count; index = Interlocked.Increment(ref next))
            {
                await run(index);
            }
        }));
    }

    private static long LiveBytes()
    {
        // Twice: finalizers of the first round let go of what the second one collects.
        for (var round = 0; round < 2; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
