using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SyncHub.Storage.Files;

namespace SyncHub.Hub;

/// <summary>The file in a hub's folder that says where its doors are, and whether it leads or stands by.</summary>
internal static class HubReady
{
    /// <summary>The ports of a web server that runs: gRPC, then JSON.</summary>
    public static (int Grpc, int Http) PortsOf(WebApplication web)
    {
        var ports = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address).Port).ToArray();
        return (ports[0], ports[1]);
    }

    /// <summary>Writes it; whoever waits for it never reads half of it.</summary>
    public static void Write(string directory, (int Grpc, int Http) ports, bool isLeading) => PrivateFile.Write(
        Path.Combine(directory, "hub.ready.json"),
        JsonSerializer.SerializeToUtf8Bytes(new { pid = Environment.ProcessId, grpc = ports.Grpc, http = ports.Http, role = isLeading ? "leader" : "standby" }));
}
