using System.Net;
using System.Net.Sockets;

namespace SyncHub.GrpcBench.Measure;

/// <summary>One whole run: everything is warmed up, then measured in rounds, so that what else the machine does hits all alike.</summary>
internal static class BenchRun
{
    private const int WarmUps = 2;

    // A loader that hangs must end the run with its name.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Runs and writes the report.</summary>
    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var programs = new Programs(options.Cpp, FreePort());
        var cells = (from work in Work.All
                     where options.Only.Count == 0 || options.Only.Contains(work.Name, StringComparer.Ordinal)
                     from pair in work.Pairs
                     where programs.Has(pair)
                     select (Work: work, Pair: pair, Rounds: new List<Measurement>())).ToList();
        for (var round = -WarmUps; round < options.Rounds; round++)
        {
            Console.WriteLine(round < 0 ? "warming up" : $"round {round + 1} of {options.Rounds}");
            foreach (var cell in cells)
            {
                var measured = await programs.MeasureAsync(cell.Work, cell.Pair, options.Seconds).WaitAsync(Patience);
                if (round >= 0)
                {
                    cell.Rounds.Add(measured);
                }
            }
        }

        var report = new Report(cells.ConvertAll(cell => Measurement.MedianOf(cell.Rounds)), options);
        Console.WriteLine(report.ToMarkdown());
        Console.WriteLine("Written to " + report.Write(options.Output));
        return 0;
    }

    // Two ports in a row; whoever takes the second one meanwhile makes the run fail with its name.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
