using System.CommandLine;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;

namespace SyncHub.Cli;

/// <summary>One call of HQ's doors from a shell: the options that say where the hub is, and what a refusal looks like.</summary>
internal static class HqCall
{
    /// <summary>Where the hub is.</summary>
    public static readonly Option<string> Hub = new("--hub") { Description = "The hub's address.", DefaultValueFactory = _ => "https://127.0.0.1:7400" };

    /// <summary>By whom the hub is known.</summary>
    public static readonly Option<string> AuthorityFile = new("--ca") { Description = "The hub's certificates/authority.pem; empty = the one beside the token file.", DefaultValueFactory = _ => "" };

    /// <summary>The key of HQ's doors.</summary>
    public static readonly Option<string> TokenFile = new("--token-file") { Description = "File with the admin token: admin.token in the hub's folder.", Required = true };

    /// <summary>A channel to the hub.</summary>
    /// <exception cref="ArgumentException">Nothing says by which authority the hub is known.</exception>
    public static GrpcChannel Open(string hub, string authorityFile, string tokenFile)
    {
        if (new Uri(hub).Scheme == Uri.UriSchemeHttp)
        {
            // The token must not be read on the way.
            return new Uri(hub).IsLoopback ? GrpcChannel.ForAddress(hub) : throw new ArgumentException($"--hub: {hub} is not encrypted. Use https.");
        }

        var authority = authorityFile.Length > 0 ? authorityFile : HubSetup.AuthorityFile(Path.GetDirectoryName(Path.GetFullPath(tokenFile))!);
        return File.Exists(authority) ? GrpcChannel.ForAddress(hub, new GrpcChannelOptions { HttpHandler = HubTrust.FromFile(authority).CreateHandler(), DisposeHttpClient = true })
            : throw new ArgumentException($"--ca: there is no file {authority}. Copy certificates/authority.pem from the hub's folder.");
    }

    /// <summary>Calls, and turns refusals into an exit code.</summary>
    public static async Task<int> RunAsync(ParseResult arguments, Func<GrpcChannel, Metadata, Task> call, CancellationToken cancellation)
    {
        try
        {
            var token = (await File.ReadAllTextAsync(arguments.GetValue(TokenFile)!, cancellation).ConfigureAwait(false)).Trim();
            using var channel = Open(arguments.GetValue(Hub)!, arguments.GetValue(AuthorityFile) ?? "", arguments.GetValue(TokenFile)!);
            await call(channel, new Metadata { { "authorization", "Bearer " + token } }).ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (RpcException fault)
        {
            await Console.Error.WriteLineAsync($"The hub said {fault.StatusCode}: {fault.Status.Detail}").ConfigureAwait(false);
            return ExitCode.Failed;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or UriFormatException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
    }
}
