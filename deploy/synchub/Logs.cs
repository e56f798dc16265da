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
    public static Action<ILoggingBuilder> To(string dataDirectory, string name)
    {
        var log = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .WriteTo.Console(new LogLines(), LogEventLevel.Warning, standardErrorFromLevel: LogEventLevel.Verbose)
            .WriteTo.DailyFile(Path.Combine(dataDirectory, "log", name + "-.log"), KeptFiles, LargestFileBytes)
            .CreateLogger();
        return logging => logging.AddSerilog(log, dispose: true);
    }
}
