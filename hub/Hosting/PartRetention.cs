using Microsoft.Extensions.Logging;
using SyncHub.Storage;
using SyncHub.Storage.Postgres;

namespace SyncHub.Hub;

/// <summary>Moves the parts of the journal that have been full for long enough out of its database, one after another, beside everything else.</summary>
/// <remarks>What goes wrong is logged and tried again at the next look: nothing waits for it.</remarks>
internal sealed partial class PartRetention : IAsyncDisposable
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(10); // one small query

    private readonly PostgresJournal _journal;
    private readonly TimeSpan _age;
    private readonly TimeProvider _time;
    private readonly ILogger<PartRetention> _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>Looks for the first time now.</summary>
    public PartRetention(PostgresJournal journal, TimeSpan age, TimeProvider time, ILogger<PartRetention> log)
    {
        (_journal, _age, _time, _log) = (journal, age, time, log);
        _running = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                while (await _journal.MoveOldestPartAsync(_age, _stop.Token).ConfigureAwait(false) is { } part)
                {
                    Left(part.Number, part.First, part.Last, part.File);
                }
                await Task.Delay(BetweenLooks, _time, _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (JournalUnavailableException fault) when (fault.Fault == JournalFault.Closed)
            {
                return; // the hub ends, and says why
            }
            catch (JournalUnavailableException fault)
            {
                Stays(fault.Message);
                await Task.Delay(BetweenLooks, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Part {Number} of the journal, records {First} to {Last}, has left the database for {File}")]
    private partial void Left(int number, long first, long last, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The oldest part of the journal stays in the database for now: {Reason}")]
    private partial void Stays(string reason);
}
