using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using SyncHub.Agent.Hosting;

namespace SyncHub.Cli;

/// <summary>Diagnostics: warnings on the console, everything else in a file that rolls daily. Never a secret, never a member's data.</summary>
internal static class Logs
{
    private const int KeptFiles = 14;
    private const long LargestFileBytes = 1024L * 1024 * 1024;

    /// <summary>Logging of a process whose folder is <paramref name="dataDirectory"/>.</summary>
    /// <remarks>Each use has a file of its own to close: a hub that stood by has other doors when it leads, and what closed with the first ones would take no line any more.</remarks>
    public static Action<ILoggingBuilder> To(string dataDirectory, string name) => logging => logging.AddSerilog(
        new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .WriteTo.Console(new LogLines(), LogEventLevel.Warning, standardErrorFromLevel: LogEventLevel.Verbose)
            .WriteTo.DailyFile(Path.Combine(dataDirectory, "log", name + "-.log"), KeptFiles, LargestFileBytes)
            .CreateLogger(),
        dispose: true);
}
