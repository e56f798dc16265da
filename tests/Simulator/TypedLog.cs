using Microsoft.Extensions.Logging;

namespace SyncHub.Simulator;

/// <summary>The simulator's log under the name of a class.</summary>
internal static class TypedLog
{
    public static ILogger<T> As<T>(this SimLog log) => new Named<T>(log);

    private sealed class Named<T>(SimLog log) : ILogger<T>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Log(logLevel, eventId, state, exception, formatter);
    }
}
