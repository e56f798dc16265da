using SyncHub.Demo.Chain;
using SyncHub.Demo.Traces;

namespace SyncHub.Demo.Replay;

/// <summary>Sends the receipts of a trace through the tills as fast as they take them.</summary>
/// <remarks>Visits of one member come strictly one after the other, in the trace's order; those of different members side by side.</remarks>
internal sealed class Replayer(StoreChain chain, StoreMap map, Mishaps mishaps, Book book, Tally tally, Surroundings surroundings)
{
    private const int Waiting = 2_048;
    private const int InFlight = 64;
    private const int PerStore = 16;

    /// <summary>Replays all rows.</summary>
    /// <exception cref="DemoException">A till could not be made to answer.</exception>
    public async Task RunAsync(IReadOnlyList<TraceRow> rows, CancellationToken cancellation)
    {
        using var window = new ReplayWindow(Waiting, InFlight, PerStore, chain.Stores.Count);
        // The first visit that fails ends the replay: what follows would only hide it.
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var failure = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            for (var index = 0; index < rows.Count; index++)
            {
                await mishaps.RaiseAsync(index);
                await window.BeginAsync(failing.Token);
                var row = rows[index];
                var member = book.Of(row.Member);
                member.LastVisit = VisitAsync(row, member, member.LastVisit, window.PlaceAt(map[row.Store]), failing, failure);
            }
        }
        catch (OperationCanceledException) when (failure.Task.IsFaulted)
        {
            // Shown below, once the visits that are under way have ended.
        }
        finally
        {
            // Visits that fail or are cancelled have told the failure already; here they only must be over.
            await Task.WhenAll(book.Members.Select(member => member.LastVisit)).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        failure.TrySetResult();
        await failure.Task;
        cancellation.ThrowIfCancellationRequested();
    }

    private async Task VisitAsync(TraceRow row, MemberBook member, Task before, ReplayWindow.Place place, CancellationTokenSource failing, TaskCompletionSource failure)
    {
        using (place)
        {
            try
            {
                await place.EnterAsync(before, failing.Token);
                var store = chain.Stores[map[row.Store]];
                await new Visit(row, member, store, new TillCalls(store, place, tally, failing.Token), tally, surroundings).RunAsync();
                tally.Done();
            }
            catch (Exception error) when (!failing.IsCancellationRequested)
            {
                failure.TrySetException(error);
                await failing.CancelAsync();
                throw;
            }
        }
    }
}
