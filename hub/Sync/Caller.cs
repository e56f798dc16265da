using SyncHub.V1;
using Hello = SyncHub.Core.Protocol.Hello;

namespace SyncHub.Hub.Sync;

/// <summary>One Hello with the connection that it came on.</summary>
/// <param name="Number">Counts the Hellos of the store since this process started; also the id of a challenge on its account.</param>
/// <param name="Hello">What it says.</param>
/// <param name="DeadLogs">Logs of earlier lives that the agent will send.</param>
/// <param name="Connection">Where the answer goes.</param>
internal sealed record Caller(long Number, Hello Hello, IReadOnlyList<DeadLog> DeadLogs, IStoreConnection Connection);
