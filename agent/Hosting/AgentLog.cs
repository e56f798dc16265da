using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace SyncHub.Agent.Hosting;

/// <summary>Where the agent's diagnostics go: warnings to the console, more to a file per day, for two weeks. Nothing of a member is ever among them.</summary>
internal static class AgentLog
{
    private const int KeptDays = 14;
    private const long LargestFileBytes = 20 * 1024 * 1024; // a store's disk is small, and the journal needs it more

    public static ILoggerFactory Create(AgentOptions options)
    {
        var file = options.LogFile.Length > 0 ? options.LogFile : Path.Combine(options.DataDirectory, "logs", "agent-.log");
        var logger = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)

            // The web server's diary of requests: nobody writes it, and where it is not off altogether each request makes an Activity with identifiers for it.
            .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", LevelAlias.Off)
            .WriteTo.Console(new LogLines(), LogEventLevel.Warning)
            .WriteTo.DailyFile(file, KeptDays, LargestFileBytes)
            .CreateLogger();
        return new SerilogLoggerFactory(logger, dispose: true);
    }
}
