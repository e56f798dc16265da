using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SyncHub.Storage;

namespace SyncHub.Agent.Engine;

/// <summary>The engine's shell: takes in commands from everywhere, commits what a batch of them decided in one transaction, then answers.</summary>
/// <remarks>
/// Thread rule: any thread may ask; one consumer drives the engine. While a commit is under way the next batch gathers. News that nobody waits for
/// waits a little for a till's next command, in whose commit it goes: a sale would else stand behind the sync of what the hub said about the sale before.
/// Crash rule: no reply leaves before its batch is durable. A disk that is full or fails costs refusals, never the process;
/// a journal that closed itself is opened again.
/// </remarks>
public sealed class AgentLoop : IAsyncDisposable
{
    private const int LongestQueue = 4096;
    private const int LargestBatch = 256;
    private static readonly TimeSpan NewsMayWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ReopenDelay = TimeSpan.FromSeconds(1); // a dead disk must not be hammered by every request

    private readonly Channel<Work> _queue = Channel.CreateBounded<Work>(new BoundedChannelOptions(LongestQueue) { SingleReader = true });
    private readonly SemaphoreSlim _asked = new(0); // never disposed of: a late caller may still release it
    private readonly Func<IJournal> _openJournal;
    private readonly Func<IJournal, long, AgentEngine> _createEngine;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _startedAt;
    private volatile IJournal _journal;
    private AgentEngine _engine;
    private Task _running = Task.CompletedTask;
    private JournalUnavailableException? _closedBy;
    private long _closedAt;
    private long _newestConnection;

    /// <summary>A loop over an open journal, which it owns from now on.</summary>
    /// <param name="journal">The open journal.</param>
    /// <param name="openJournal">Opens it again after it closed itself.</param>
    /// <param name="createEngine">Makes an engine over a journal; the number is for <see cref="AgentEngine.LostConnection"/>.</param>
    /// <param name="time">The clock of the process.</param>
    /// <param name="log">For people.</param>
    public AgentLoop(IJournal journal, Func<IJournal> openJournal, Func<IJournal, long, AgentEngine> createEngine, TimeProvider time, ILogger log)
    {
        _journal = journal;
        _openJournal = openJournal;
        _createEngine = createEngine;
        _time = time;
        _log = log;
        _startedAt = time.GetTimestamp();
        _engine = createEngine(journal, 0);
    }

    /// <summary>Ops up to this sequence are durable. Called by the consumer; it must neither block nor throw.</summary>
    public event Action<long>? Logged;

    /// <summary>News of connections up to this number were lost in a failed commit. Called by the consumer; it must neither block nor throw.</summary>
    public event Action<long>? NewsLost;

    /// <summary>Wall clock, Unix milliseconds.</summary>
    public long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Monotonic clock since the loop was made, milliseconds.</summary>
    public long ElapsedMs => _time.GetElapsedTime(_startedAt).Ticks / TimeSpan.TicksPerMillisecond;

    /// <summary>Reads the journal and starts to answer.</summary>
    /// <exception cref="JournalUnavailableException">The journal cannot be read.</exception>
    public void Start()
    {
        _engine.Load();
        _running = Task.Run(RunAsync);
    }

    /// <summary>Asks, and waits for the reply.</summary>
    /// <exception cref="AgentBusyException">Too much waits already, or the agent is stopping.</exception>
    public Task<EngineReply> AskAsync(AgentCommand command)
    {
        var work = new Work(command, new TaskCompletionSource<EngineReply>(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!_queue.Writer.TryWrite(work))
        {
            throw new AgentBusyException("The agent has more requests waiting than it takes, or is stopping. Send the request again, under the same request_id, in a second.");
        }

        _asked.Release();
        return work.Done!.Task;
    }

    /// <summary>Tells, without waiting for what comes of it; waits only where the queue is full.</summary>
    public async ValueTask TellAsync(AgentCommand command, CancellationToken cancellation) =>
        await _queue.Writer.WriteAsync(new Work(command, null), cancellation);

    /// <summary>Durable ops from a sequence on.</summary>
    /// <exception cref="JournalUnavailableException">The journal cannot be read.</exception>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) =>
        _journal.ReadFacts(producer, fromSequence, limit, maxBytes);

    /// <summary>Answers what waits, saves the cursors, closes the journal.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryWrite(new Work(new SaveProgress(NowMs), null));
        _queue.Writer.TryComplete();
        await _running;
        await _journal.DisposeAsync();
    }

    private async Task RunAsync()
    {
        var works = new List<Work>(LargestBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (_asked.Wait(0))
            {
                // Of commands that are in the queue already.
            }

            works.Clear();
            Take(works);
            if (works.Count < LargestBatch && works.TrueForAll(work => work.Done is null))
            {
                await _asked.WaitAsync(NewsMayWait);
                Take(works);
            }

            await ProcessAsync(works);
        }
    }

    private void Take(List<Work> works)
    {
        while (works.Count < LargestBatch && _queue.Reader.TryRead(out var work))
        {
            works.Add(work);
        }
    }

    private async Task ProcessAsync(IReadOnlyList<Work> works)
    {
        try
        {
            var replies = await TurnAsync([.. works.Select(work => work.Command)]);
            for (var i = 0; i < works.Count; i++)
            {
                works[i].Done?.TrySetResult(replies[i]);
            }
        }
        catch (Exception fault)
        {
            await IsolateAsync(works, fault);
        }

        foreach (var trouble in _engine.Troubles)
        {
            _log.LogWarning("{Trouble}", trouble);
        }

        _engine.Troubles.Clear();
    }

    // One command that breaks an invariant must not take its neighbours in the batch with it: each is tried again by itself.
    private async Task IsolateAsync(IReadOnlyList<Work> works, Exception fault)
    {
        _engine.Forget();
        if (works.Count == 1)
        {
            _log.LogCritical(fault, "{Command} failed and was not booked. The agent goes on; please report this.", works[0].Command.GetType().Name);
            works[0].Done?.TrySetException(fault);
            return;
        }

        foreach (var work in works)
        {
            await ProcessAsync([work]);
        }
    }

    private async Task<IReadOnlyList<EngineReply>> TurnAsync(AgentCommand[] commands)
    {
        foreach (var command in commands)
        {
            _newestConnection = Math.Max(_newestConnection, command switch { NewsArrived news => news.Connection, Acknowledged acknowledged => acknowledged.Connection, _ => 0 });
        }

        try
        {
            await ReopenIfClosedAsync();
            var batch = _engine.Decide(commands);
            if (!batch.IsEmpty)
            {
                await _journal.CommitAsync(batch);
            }
        }
        catch (JournalException fault)
        {
            return Fail(fault);
        }

        var replies = _engine.Committed();
        Logged?.Invoke(_engine.TipSequence);
        return replies;
    }

    private IReadOnlyList<EngineReply> Fail(JournalException fault)
    {
        if (_closedBy is null)
        {
            _log.LogError("Nothing can be booked at present: {Reason}", fault.Message);
            if (fault is JournalUnavailableException { Fault: JournalFault.Closed or JournalFault.InputOutput or JournalFault.Corrupt } closed)
            {
                _closedBy = closed;
                _closedAt = _time.GetTimestamp();
            }
        }

        var lostBefore = _engine.LostConnection;
        var replies = _engine.Failed(fault);
        if (_engine.LostConnection > lostBefore)
        {
            NewsLost?.Invoke(_engine.LostConnection);
        }

        return replies;
    }

    // After an I/O error only a fresh look at the file tells what it holds (see SqliteJournal).
    private async Task ReopenIfClosedAsync()
    {
        if (_closedBy is null)
        {
            return;
        }

        if (_time.GetElapsedTime(_closedAt) < ReopenDelay)
        {
            throw _closedBy;
        }

        _closedAt = _time.GetTimestamp();
        await _journal.DisposeAsync();
        _journal = _openJournal();
        var engine = _createEngine(_journal, _newestConnection);
        engine.Load();
        _engine = engine;
        _closedBy = null;
        NewsLost?.Invoke(_newestConnection);
        _log.LogWarning("The journal is open again at op {Sequence}.", engine.TipSequence);
    }

    private readonly record struct Work(AgentCommand Command, TaskCompletionSource<EngineReply>? Done);
}

/// <summary>The agent cannot take a request at this moment.</summary>
public sealed class AgentBusyException(string message) : Exception(message);
