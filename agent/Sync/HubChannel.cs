using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using SyncHub.Agent.Hosting;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Sync;

/// <summary>How the hub is reached, and how it knows this machine.</summary>
internal static class HubChannel
{
    private const int BytesPerKib = 1024;
    internal static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Which certificates of hubs are void, as a data folder keeps it.</summary>
    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    public static IHubFloor FloorOf(string dataDirectory) => new HubFloorFile(Path.Combine(dataDirectory, "hub.floor"), static (path, bytes) => PrivateFile.Write(path, bytes));

    /// <summary>A channel to the hub of an identity.</summary>
    /// <param name="address">The hub's address.</param>
    /// <param name="messageKib">How large a message may be, both ways.</param>
    /// <param name="identity">With the authority that alone may vouch for the hub.</param>
    /// <param name="floor">Which certificates of hubs are void.</param>
    /// <param name="key">What this machine shows; null only where there are no certificates.</param>
    /// <param name="trust">Says why the hub was not trusted; null where there are no certificates.</param>
    public static GrpcChannel Open(string address, int messageKib, StoreIdentity identity, IHubFloor floor, MachineKey? key, out HubTrust? trust)
    {
        trust = key is null ? null : new HubTrust(X509Certificate2.CreateFromPem(identity.Authority), TimeProvider.System, floor);
        var handler = trust?.CreateHandler(key!.Certificate) ?? GrpcHttpHandler.Create();
        handler.ConnectTimeout = ConnectTimeout;
        var messageBytes = checked(messageKib * BytesPerKib);
        return GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true, MaxReceiveMessageSize = messageBytes, MaxSendMessageSize = messageBytes });
    }
}
