using Serilog;
using Serilog.Configuration;
using Serilog.Core;
using Serilog.Events;

namespace SyncHub.Agent.Hosting;

/// <summary>The file of a process's diagnostics, one for each day. A disk that is full costs lines, which the console has from warnings on, and never the process.</summary>
public static class LogFile
{
    /// <summary>Writes to files named after <paramref name="path"/>, a day before the last dot.</summary>
    public static LoggerConfiguration DailyFile(this LoggerSinkConfiguration to, string path, int kept, long? largestBytes = null) => LoggerSinkConfiguration.Wrap(
        to,
        static file => new Forgiving(file),
        sinks => sinks.File(new LogLines(), path, rollingInterval: RollingInterval.Day, retainedFileCountLimit: kept, fileSizeLimitBytes: largestBytes),
        LogEventLevel.Verbose,
        null);

    // Lines that could not be written are tried again when the file is closed, and what that throws would hide why the process ends, or make a clean end an unclean one.
    private sealed class Forgiving(ILogEventSink file) : ILogEventSink, IDisposable
    {
        public void Emit(LogEvent logEvent) => file.Emit(logEvent);

        public void Dispose()
        {
            try
            {
                (file as IDisposable)?.Dispose();
            }
            catch (IOException fault)
            {
                Console.Error.WriteLine($"The last lines of the log could not be written: {fault.Message}");
            }
        }
    }
}
