using System.Diagnostics;
using System.Globalization;

namespace SyncHub.GrpcBench.Load;

/// <summary>Reads orders "MODE STREAMS SECONDS" from standard input and answers each with a line of JSON.</summary>
internal static class Loader
{
    /// <summary>Works until the input ends.</summary>
    public static async Task RunAsync(string address)
    {
        using var grpc = new GrpcLoad(address);
        using var plain = new PlainLoad(address);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            Func<Timing, Task> work = words[0] switch
            {
                "unary" => grpc.UnaryAsync,
                "upload" => grpc.UploadAsync,
                "download" => grpc.DownloadAsync,
                "echo" => grpc.EchoAsync,
                "plain-unary" => plain.UnaryAsync,
                "plain-upload" => plain.UploadAsync,
                "plain-download" => plain.DownloadAsync,
                var unknown => throw new ArgumentException($"There is no load '{unknown}'."),
            };
            var result = await RunAsync(work, int.Parse(words[1], CultureInfo.InvariantCulture), TimeSpan.FromSeconds(double.Parse(words[2], CultureInfo.InvariantCulture)));
            Console.WriteLine(result.ToJson());
        }
    }

    private static async Task<LoadResult> RunAsync(Func<Timing, Task> work, int streams, TimeSpan time)
    {
        var begin = Stopwatch.GetTimestamp();
        var end = begin + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var workers = Enumerable.Range(0, streams).Select(_ => new Timing(end)).ToArray();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await Task.WhenAll(workers.Select(worker => Task.Run(() => work(worker))));
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        var took = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        var micros = workers.SelectMany(worker => worker.Micros).Order().ToArray();
        return new LoadResult(workers.Sum(worker => worker.Messages), took, At(micros, 0.5), At(micros, 0.99), allocated);
    }

    private static double At(float[] ordered, double part) => ordered.Length == 0 ? 0 : Math.Round(ordered[(int)(part * (ordered.Length - 1))], 1);
}
