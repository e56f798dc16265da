using Grpc.HealthCheck;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Sync;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace SyncHub.Hub;

/// <summary>Notices that the database has not answered for two leases: then another hub may lead, so stores and balancers are sent away until it answers again. And that it is another hub's: then this one ends.</summary>
/// <remarks>It protects nobody's money, because nothing is acknowledged without a commit; it spares the stores a hub that can do nothing for them.</remarks>
internal sealed class JournalWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private volatile bool _isCutOff;

    /// <summary>Watches from now on.</summary>
    /// <param name="journal">What has to answer.</param>
    /// <param name="lease">Within which time.</param>
    /// <param name="health">Where it is told.</param>
    /// <param name="names">The names of all that needs the journal.</param>
    /// <param name="parts">Whose streams are ended.</param>
    /// <param name="hasPartitionEnded">Whether what needs the journal cannot be served anyway.</param>
    public JournalWatch(HubJournal journal, TimeSpan lease, HealthServiceImpl health, IReadOnlyList<string> names, HubParts parts, Func<bool> hasPartitionEnded) =>
        _running = RunAsync(journal, lease, health, names, parts, hasPartitionEnded);

    /// <summary>Whether a hub with this journal is cut off at this moment: after two leases, because a slow commit keeps the hub's place and must not cost it its stores.</summary>
    public static bool IsCutOff(HubJournal journal, TimeSpan lease) => journal.Silence > 2 * lease;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(HubJournal journal, TimeSpan lease, HealthServiceImpl health, IReadOnlyList<string> names, HubParts parts, Func<bool> hasPartitionEnded)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
        {
            if (journal.ClosedBy is { } reason && !parts.Pipeline.Failed.IsCompleted)
            {
                parts.Pipeline.Fail(reason); // a commit would have told it; an idle hub has none, and would stay with what is worth nothing any more
            }

            var isCutOff = IsCutOff(journal, lease);
            if (isCutOff == _isCutOff || parts.Pipeline.Failed.IsCompleted)
            {
                continue;
            }

            _isCutOff = isCutOff;
            health.SetStatus([HubHealth.Journal, .. hasPartitionEnded() ? [] : names], isCutOff ? ServingStatus.NotServing : ServingStatus.Serving);
            if (isCutOff)
            {
                parts.Log.LogWarning("The database has not answered for {Silence}. Stores are sent to other hubs until it does.", journal.Silence);
                parts.Streams.EndAll();
            }
            else
            {
                parts.Log.LogWarning("The database answers again");
            }
        }
    }
}
