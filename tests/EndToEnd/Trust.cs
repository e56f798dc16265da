using Grpc.Net.Client;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;

namespace SyncHub.EndToEnd.Tests;

/// <summary>How a program of HQ reaches a hub.</summary>
internal static class Trust
{
    /// <summary>A channel that takes only this hub.</summary>
    public static GrpcChannel Channel(string address, string hubFolder) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = HubTrust.FromFile(HubSetup.AuthorityFile(hubFolder)).CreateHandler(),
        DisposeHttpClient = true,
    });
}
