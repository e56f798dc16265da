using Grpc.HealthCheck;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace SyncHub.Hub;

/// <summary>Tells the hub's state to probes: serving while the journal takes commits and every partition runs.</summary>
/// <remarks>A journal that failed stops everything that decides, so the whole hub is then out of service, and so is each of its services: a
/// balancer sends nobody here. Which part it was is told by the two names of its own.</remarks>
internal static class HubHealth
{
    /// <summary>The name of the journal's state.</summary>
    public const string Journal = "journal";

    /// <summary>The name of the partitions' state.</summary>
    public const string Partitions = "partitions";

    /// <summary>The name under which a hub says that it takes calls which a hub that stands by forwards.</summary>
    public const string Forwarding = "forwarding";

    /// <summary>Announces a hub that is ready, and takes it back when one of its parts ends.</summary>
    /// <param name="health">Where it is told.</param>
    /// <param name="services">The names of all that needs the parts.</param>
    /// <param name="journalFailed">Completes when a commit failed.</param>
    /// <param name="partitions">Each completes when its partition runs no more, whether asked to or not: without one of them its members cannot be served.</param>
    /// <param name="log">Says why one ended.</param>
    public static void Announce(HealthServiceImpl health, IReadOnlyList<string> services, Task journalFailed, IReadOnlyList<Task> partitions, ILogger log)
    {
        health.SetStatus([Journal, Partitions, .. services], ServingStatus.Serving);
        Follow(journalFailed, [Journal, .. services]);
        foreach (var partition in partitions)
        {
            Follow(partition, [Partitions, .. services]);
            _ = partition.ContinueWith(ended => log.LogCritical(ended.Exception, "A partition has stopped: its members cannot be served before the hub is started again"),
                CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        void Follow(Task end, string[] names) => _ = end.ContinueWith(
            _ => health.SetStatus(names, ServingStatus.NotServing), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
