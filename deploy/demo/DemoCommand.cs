using Grpc.Core;
using Spectre.Console;
using SyncHub.Demo.Reports;
using SyncHub.Demo.Views;

namespace SyncHub.Demo;

/// <summary>The demo: a chain of stores on this machine that loses networks and processes, and not one cent.</summary>
public static class DemoCommand
{
    private const int Failed = 1;
    private const int WrongOptions = 2;

    /// <summary>Runs it with the audit of the product.</summary>
    /// <returns>0; 1 where the stores did not converge or the audit failed; 2 where the options are wrong.</returns>
    public static Task<int> RunAsync(DemoOptions options, CancellationToken cancellation) => RunAsync(options, VerifyAudit.Of(options.Storages), Console.Out, Console.Error, cancellation);

    /// <summary>Runs it with another audit and other outputs.</summary>
    public static async Task<int> RunAsync(DemoOptions options, Auditor auditor, TextWriter output, TextWriter errors, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(auditor);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        if (options.FindFaults() is { Count: > 0 } faults)
        {
            await errors.WriteLineAsync(string.Join(Environment.NewLine, faults));
            return WrongOptions;
        }

        using var stop = new StopSignals(cancellation);
        try
        {
            var run = new DemoRun(options, auditor, output, errors, ViewFor(output));
            var summary = await run.RunAsync(stop.Token);
            ShopReport.Write(output, summary);
            summary.Write(options.SummaryPath);
            await output.WriteLineAsync($"Numbers: {options.SummaryPath}");
            return summary.Ok ? 0 : Failed;
        }
        catch (DemoException error)
        {
            await errors.WriteLineAsync(error.Message);
            return Failed;
        }
        catch (Exception error) when (stop.Token.IsCancellationRequested && error is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            await errors.WriteLineAsync("Stopped; all processes of the demo have ended.");
            return Failed;
        }
        catch (RpcException error)
        {
            await errors.WriteLineAsync($"Hub or agent could not do what was asked: {error.Status}. Their logs lie in {Path.Combine(options.DataFolder, "logs")}.");
            return Failed;
        }
    }

    private static IProgressView ViewFor(TextWriter output) =>
        ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Ansi
            ? new LiveView(AnsiConsole.Console)
            : new PlainView(output);
}
