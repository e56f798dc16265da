using System.Globalization;
using System.Runtime.InteropServices;
using SyncHub.Bench;

// make bench [-- --members N --repetitions N --samples N --idle SECONDS]. Exit code 0: everything ran, whatever the figures say.
BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
}
catch (Exception fault) when (fault is ArgumentException or FormatException or OverflowException)
{
    await Console.Error.WriteLineAsync($"{fault.Message} Known: --members, --repetitions, --samples, --idle, each with a number.");
    return 2;
}

using var stop = new CancellationTokenSource();
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var root = Layout.FindRoot();
    var report = await BenchRun.RunAsync(options, root, stop.Token);
    await Console.Out.WriteLineAsync();
    await Console.Out.WriteLineAsync(report.ToMarkdown());
    await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Written to {report.Write(Layout.Output(root))}"));
    return 0;
}
catch (Exception fault)
{
    await Console.Error.WriteLineAsync(stop.IsCancellationRequested ? "bench: stopped." : $"bench: {fault}");
    return 1;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true; // processes and folders are removed on the way out
    stop.Cancel();
}
