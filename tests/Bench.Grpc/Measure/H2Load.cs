using System.Globalization;
using System.Text.RegularExpressions;
using SyncHub.GrpcBench.Load;

namespace SyncHub.GrpcBench.Measure;

/// <summary>Loads a server with the same bytes by h2load, which is the cheapest client there is: what is left is the server.</summary>
internal static partial class H2Load
{
    private const int Connections = 4;

    /// <summary>Whether it is installed.</summary>
    public static bool IsThere => File.Exists("/usr/bin/h2load");

    /// <summary>Runs it.</summary>
    /// <returns>Answers per second; the times of single calls are not known.</returns>
    public static async Task<LoadResult> RunAsync(int port, bool isPlain, int inFlight, double seconds)
    {
        var body = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(body, Payload.Framed);
            var path = isPlain ? "plain/unary" : "synchub.bench.Bench/Unary";
            await using var child = Child.Start(
                "/usr/bin/h2load",
                "--clients=" + Connections,
                string.Create(CultureInfo.InvariantCulture, $"--max-concurrent-streams={inFlight / Connections}"),
                string.Create(CultureInfo.InvariantCulture, $"--duration={(int)Math.Ceiling(seconds)}"),
                "--data=" + body,
                "--header=content-type: application/grpc",
                "--header=te: trailers",
                string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/{path}"));
            var output = await child.OutputAsync();
            var rate = double.Parse(Rate().Match(output).Groups["rate"].Value, CultureInfo.InvariantCulture);
            var done = Done().Match(output);
            if (done.Groups["bad"].Value != "0")
            {
                throw new InvalidOperationException("h2load saw failures: " + output);
            }

            var messages = long.Parse(done.Groups["done"].Value, CultureInfo.InvariantCulture);
            return new LoadResult(messages, messages / rate, P50Us: 0, P99Us: 0, AllocatedBytes: 0);
        }
        finally
        {
            File.Delete(body);
        }
    }

    [GeneratedRegex(@"finished in [^,]+, (?<rate>[0-9.]+) req/s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rate();

    [GeneratedRegex(@"requests: [0-9]+ total, [0-9]+ started, (?<done>[0-9]+) done, [0-9]+ succeeded, (?<bad>[0-9]+) failed", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Done();
}
