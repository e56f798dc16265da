using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SyncHub.Storage;

namespace SyncHub.Agent.Engine;

/// <summary>The engine's shell: takes in commands from everywhere, commits what a batch of them decided in one transaction, then answers.</summary>
/// <remarks>
/// Thread rule: any thread may ask; one at a time has the turn to drive the engine: the loop, or a till's own thread where nobody else has it, so that a sale
/// waits for no other thread to wake up. While a commit is under way the next batch gathers. News that nobody waits for waits a little for a till's next
/// command, in whose commit it goes: a sale would else stand behind the sync of what the hub said about the sale before.
/// Crash rule: no reply leaves before its batch is durable. A disk that is full or fails costs refusals, never the process;
/// a journal that closed itself is opened again.
/// </remarks>
public sealed class AgentLoop : IAsyncDisposable
{
    private const int LongestQueue = 4096;
    private const int LargestBatch = 256;
    private static readonly TimeSpan NewsMayWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ReopenDelay = TimeSpan.FromSeconds(1); // a dead disk must not be hammered by every request

    private readonly Channel<Work> _queue = Channel.CreateBounded<Work>(new BoundedChannelOptions(LongestQueue)); // read by whoever has the turn
    private readonly SemaphoreSlim _woken = new(0); // something is left for the loop; never disposed of, nor the next one: a late caller may still release it
    private readonly SemaphoreSlim _asked = new(0); // and somebody waits for it
    private readonly Func<IJournal> _openJournal;
    private readonly Func<IJournal, long, AgentEngine> _createEngine;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _startedAt;
    private volatile IJournal _journal;
    private AgentEngine _engine;
    private Task _running = Task.CompletedTask;
    private int _isTaken = 1; // the turn; nobody's before the start
    private int _asksWaiting;
    private volatile bool _isStopping;
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

    /// <summary>Ops up to this sequence are durable. Called by whoever has the turn; it must neither block nor throw.</summary>
    public event Action<long>? Logged;

    /// <summary>News of connections up to this number were lost in a failed commit. Called by whoever has the turn; it must neither block nor throw.</summary>
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
        End();
    }

    /// <summary>Asks, and waits for the reply. Nothing is decided on the caller's thread, which may hold a lock.</summary>
    /// <exception cref="AgentBusyException">Too much waits already, or the agent is stopping.</exception>
    public Task<EngineReply> AskAsync(AgentCommand command)
    {
        var reply = Add(command);
        _asked.Release();
        _woken.Release();
        return reply;
    }

    /// <summary>As <see cref="AskAsync"/>, for a till, which does nothing but wait: where nobody has the turn its own thread takes it, with all that waits, and the reply is there on return.</summary>
    /// <exception cref="AgentBusyException">Too much waits already, or the agent is stopping.</exception>
    public Task<EngineReply> AskHereAsync(AgentCommand command)
    {
        var reply = Add(command);
        if (TryBegin())
        {
            _ = DriveAsync(); // it never fails; whoever has the turn instead of it sees at its end that something waits
        }

        return reply;
    }

    /// <summary>Tells, without waiting for what comes of it; waits only where the queue is full.</summary>
    public async ValueTask TellAsync(AgentCommand command, CancellationToken cancellation)
    {
        await _queue.Writer.WriteAsync(new Work(command, null), cancellation);
        _woken.Release();
    }

    /// <summary>Durable ops from a sequence on.</summary>
    /// <exception cref="JournalUnavailableException">The journal cannot be read.</exception>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) =>
        _journal.ReadFacts(producer, fromSequence, limit, maxBytes);

    /// <summary>Answers what waits, saves the cursors, closes the journal.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryWrite(new Work(new SaveProgress(NowMs), null));
        _queue.Writer.TryComplete();
        _isStopping = true;
        _woken.Release();
        _asked.Release();
        await _running;
        await _journal.DisposeAsync();
    }

    private Task<EngineReply> Add(AgentCommand command)
    {
        var work = new Work(command, new TaskCompletionSource<EngineReply>(TaskCreationOptions.RunContinuationsAsynchronously));
        Interlocked.Increment(ref _asksWaiting);
        if (!_queue.Writer.TryWrite(work))
        {
            Interlocked.Decrement(ref _asksWaiting);
            throw new AgentBusyException("The agent has more requests waiting than it takes, or is stopping. Send the request again, under the same request_id, in a second.");
        }

        return work.Done!.Task;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            await _woken.WaitAsync();
            Drain(_woken);
            Drain(_asked);
            if (Volatile.Read(ref _asksWaiting) == 0 && !_isStopping)
            {
                await _asked.WaitAsync(NewsMayWait);
            }

            if (!TryBegin())
            {
                continue; // whoever has the turn wakes this loop where it leaves something
            }

            await TakeAndProcessAsync();
            if (_queue.Reader.Completion.IsCompleted)
            {
                return; // the turn is nobody's any more
            }

            End();
        }
    }

    private async Task DriveAsync()
    {
        await TakeAndProcessAsync();
        End();
    }

    private bool TryBegin() => Interlocked.CompareExchange(ref _isTaken, 1, 0) == 0;

    // Whoever adds something looks whether the turn is free, and whoever frees it looks whether something was added: one of them sees the other.
    private void End()
    {
        Interlocked.Exchange(ref _isTaken, 0);
        if (Volatile.Read(ref _asksWaiting) > 0)
        {
            _asked.Release();
        }

        if (_queue.Reader.Count > 0 || _isStopping)
        {
            _woken.Release();
        }
    }

    private static void Drain(SemaphoreSlim signals)
    {
        while (signals.Wait(0))
        {
            // Of what is in the queue already.
        }
    }

    private async Task TakeAndProcessAsync()
    {
        var works = new List<Work>();
        while (works.Count < LargestBatch && _queue.Reader.TryRead(out var work))
        {
            works.Add(work);
            if (work.Done is not null)
            {
                Interlocked.Decrement(ref _asksWaiting);
            }
        }

        if (works.Count > 0)
        {
            await ProcessAsync(works);
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
                await _journal.CommitHereAsync(batch);
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
