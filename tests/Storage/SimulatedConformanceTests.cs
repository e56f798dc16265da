using SyncHub.Testing;

namespace SyncHub.Storage.Tests;

/// <summary>The conformance suite on the simulated journal that flushes by itself.</summary>
public sealed class SimulatedConformanceTests : JournalConformance
{
    protected override IJournal Open() => new SimulatedJournal(autoFlush: true);

    protected override async Task<IJournal> ReopenAsync()
    {
        var closed = (SimulatedJournal)Journal;
        await closed.DisposeAsync();
        return SimulatedJournal.Open(closed.Copy(), autoFlush: true);
    }

    protected override Task<T> TogetherAsync<T>(Func<T> submit)
    {
        var journal = (SimulatedJournal)Journal;
        journal.AutoFlush = false;
        var submitted = submit();
        journal.Flush();
        journal.AutoFlush = true;
        return Task.FromResult(submitted);
    }
}
