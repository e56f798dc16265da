using Microsoft.Extensions.Logging;

namespace SyncHub.Simulator;

/// <summary>Where the hub's log goes: a broken invariant that the hub caught and survived is still a violation.</summary>
internal sealed class SimLog(World world) : ILogger, ILoggerFactory
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error || world.Tracing;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            var text = formatter(state, exception);
            world.Trace($"    log {logLevel}: {text}");
            if (exception is not null)
            {
                World.OnCaught(exception, text);
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
