using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SyncHub.Grpc.Tests;

/// <summary>Keeps what the gRPC layer logs as an error.</summary>
public sealed class CollectingLoggerProvider : ILoggerProvider
{
    private readonly ConcurrentQueue<(string Category, string Message, Exception? Exception)> _errors = new();

    public IReadOnlyCollection<(string Category, string Message, Exception? Exception)> Errors => _errors;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        // Nothing to let go of; the interface wants it.
    }

    private sealed class Logger(CollectingLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner._errors.Enqueue((category, formatter(state, exception), exception));
            }
        }
    }
}
