using Microsoft.Extensions.Logging;
using SyncHub.Core.Primitives;
using SyncHub.Storage;
using SyncHub.Storage.Hq;

namespace SyncHub.Hub.HqTables;

/// <summary>Keeps the tables of HQ: follows the journal's records, a page at a time, on a thread of its own beside everything that stores wait for.</summary>
/// <remarks>
/// Crash rule: the position lies with the rows. Whatever happens to it, the hub goes on: the tables are late then, and the log says why.
/// A hub that starts with empty tables fills them from the first record on, also where other hubs or a command emptied them meanwhile.
/// </remarks>
internal sealed class HqProjector(IJournal journal, Func<IHqTables> open, Asset currency, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private const int PageRecords = 1_000;
    private const int CasesShare = 50; // a look at the cases that took long is not taken again before fifty times as long

    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CasesPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private HqFold _fold = new(journal, currency);
    private readonly HqCases _cases = new(journal);
    private IHqTables? _tables;
    private Task _running = Task.CompletedTask;
    private long _position = -1;
    private long _nextCases;
    private volatile TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the tables hold every record up to a position.</summary>
    public async Task ReachAsync(long position, CancellationToken cancellation)
    {
        while (true)
        {
            var progress = _progress;
            if (Interlocked.Read(ref _position) >= position)
            {
                return;
            }

            await progress.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Starts to follow.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        // A database that does not answer keeps it for longer than a clean stop may take; what it had begun is then undone or done by itself.
        await _running.WaitAsync(LongestStop, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_running.IsCompleted)
        {
            _tables?.Dispose();
            _stopping.Dispose();
        }
    }

    /// <summary>Projects what there is, at most a page.</summary>
    /// <returns>Whether there may be more at once.</returns>
    /// <exception cref="JournalUnavailableException">The journal cannot be read or the tables cannot be written.</exception>
    public bool ProjectNext()
    {
        _tables ??= open();
        if (_position < 0)
        {
            Begin();
        }

        var records = journal.ReadFeed(_position, PageRecords);
        var page = records.Count > 0 ? _fold.Project(_position, records) : new HqPage(_position, _position);
        if (time.GetTimestamp() >= _nextCases)
        {
            var began = time.GetTimestamp();
            page.Cases.AddRange(_cases.Look());
            var pause = Math.Max(CasesPause.TotalSeconds * time.TimestampFrequency, CasesShare * (time.GetTimestamp() - began));
            _nextCases = time.GetTimestamp() + (long)pause;
        }

        if (page.To == page.From && page.Cases.Count == 0)
        {
            if (_tables.ReadPosition() == _position)
            {
                return false;
            }

            Interlocked.Exchange(ref _position, -1); // emptied by a command, while nothing else happened
            return true;
        }

        if (_tables.TryWrite(page))
        {
            MoveTo(page.To);
            return records.Count == PageRecords;
        }

        Interlocked.Exchange(ref _position, -1); // emptied by a command, or another hub leads
        return true;
    }

    // What the tables know may be of another life of the journal: a copy that was put in place is behind them.
    private void Begin()
    {
        var position = _tables!.ReadPosition();
        if (position > journal.LastPosition)
        {
            log.LogWarning("The tables of HQ are ahead of the journal ({Tables} and {Journal}); they are made anew", position, journal.LastPosition);
            _tables.Clear();
            position = 0;
        }

        _fold = new HqFold(journal, currency);
        _cases.Forget();
        MoveTo(position);
    }

    private void MoveTo(long position)
    {
        Interlocked.Exchange(ref _position, position);
        Interlocked.Exchange(ref _progress, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private async Task RunAsync()
    {
        var isTold = false;
        while (!_stopping.IsCancellationRequested)
        {
            var pause = Pause;
            try
            {
                while (!_stopping.IsCancellationRequested && ProjectNext())
                {
                }

                isTold = false;
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                if (!isTold)
                {
                    log.LogWarning("The tables of HQ are not kept up for now; stores and the hub are not affected, and it is tried again: {Reason}", fault.Message);
                }

                (isTold, pause) = (true, AfterTrouble);
                Interlocked.Exchange(ref _position, -1);
            }

            await Task.Delay(pause, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
