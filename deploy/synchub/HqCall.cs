using System.CommandLine;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;

namespace SyncHub.Cli;

/// <summary>One call of HQ's doors from a shell: the options that say where the hub is, and what a refusal looks like.</summary>
internal static class HqCall
{
    private static readonly TimeSpan HealthPatience = TimeSpan.FromSeconds(3);

    /// <summary>Where the hub is.</summary>
    public static readonly Option<string> Hub = new("--hub") { Description = "The hub's address; several hubs of one chain with commas between them: the one that leads is asked.", DefaultValueFactory = _ => "https://127.0.0.1:7400" };

    /// <summary>By whom the hub is known.</summary>
    public static readonly Option<string> AuthorityFile = new("--ca") { Description = "The hub's certificates/authority.pem; empty = the one beside the token file, or that of `synchub login`.", DefaultValueFactory = _ => "" };

    /// <summary>The key of HQ's doors.</summary>
    public static readonly Option<string> TokenFile = new("--token-file") { Description = "File with an API token; without it the session of `synchub login` counts.", DefaultValueFactory = _ => "" };

    /// <summary>A channel to the hub.</summary>
    /// <exception cref="ArgumentException">Nothing says by which authority the hub is known.</exception>
    public static GrpcChannel Open(string hub, string authorityFile, string tokenFile)
    {
        if (new Uri(hub).Scheme == Uri.UriSchemeHttp)
        {
            // The token must not be read on the way.
            return new Uri(hub).IsLoopback ? GrpcChannel.ForAddress(hub) : throw new ArgumentException($"--hub: {hub} is not encrypted. Use https.");
        }

        if (authorityFile.Length + tokenFile.Length == 0)
        {
            throw new ArgumentException("--ca: name the hub's certificates/authority.pem, once, when signing in.");
        }

        var authority = authorityFile.Length > 0 ? authorityFile : HubSetup.AuthorityFile(Path.GetDirectoryName(Path.GetFullPath(tokenFile))!);
        return File.Exists(authority) ? GrpcChannel.ForAddress(hub, new GrpcChannelOptions { HttpHandler = HubTrust.FromFile(authority, HqSession.FloorFor(authority)).CreateHandler(), DisposeHttpClient = true })
            : throw new ArgumentException($"--ca: there is no file {authority}. Copy certificates/authority.pem from the hub's folder.");
    }

    /// <summary>Calls, and turns refusals into an exit code.</summary>
    public static Task<int> RunAsync(ParseResult arguments, Func<GrpcChannel, Metadata, Task> call, CancellationToken cancellation) => GuardAsync(async () =>
    {
        var headers = new Metadata { { "authorization", "Bearer " + await TokenAsync(arguments, cancellation).ConfigureAwait(false) } };
        using var channel = Open(arguments);
        await call(channel, headers).ConfigureAwait(false);
    });

    /// <summary>The way to the hub, of several to the one that leads.</summary>
    public static GrpcChannel Open(ParseResult arguments)
    {
        var (given, authority, token) = (arguments.GetValue(Hub)!, arguments.GetValue(AuthorityFile) ?? "", arguments.GetValue(TokenFile) ?? "");
        authority = authority.Length > 0 || token.Length > 0 ? authority : HqSession.AuthorityOf(given);
        var hubs = given.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var next = hubs is [var first, ..] ? first : given; // what it says is the way out
        var isThere = false;
        foreach (var hub in hubs.Length > 1 ? hubs : [])
        {
            var channel = Open(hub, authority, token);
            var leads = Leads(channel);
            if (leads == true)
            {
                return channel;
            }

            channel.Dispose();
            (next, isThere) = leads is not null && !isThere ? (hub, true) : (next, isThere); // one that stands by forwards
        }

        return Open(next, authority, token);
    }

    // Null where it is down, or cut off: one of the others may lead.
    private static bool? Leads(GrpcChannel channel)
    {
        try
        {
            return new Health.HealthClient(channel).Check(new HealthCheckRequest(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime + HealthPatience).Status == HealthCheckResponse.Types.ServingStatus.Serving;
        }
        catch (RpcException)
        {
            return null;
        }
    }

    /// <summary>What this shell shows to the hub.</summary>
    /// <exception cref="IOException">Nothing.</exception>
    public static async Task<string> TokenAsync(ParseResult arguments, CancellationToken cancellation) => arguments.GetValue(TokenFile) is { Length: > 0 } file
        ? (await File.ReadAllTextAsync(file, cancellation).ConfigureAwait(false)).Trim()
        : HqSession.Read(arguments.GetValue(Hub)!);

    /// <summary>Turns refusals into an exit code.</summary>
    public static async Task<int> GuardAsync(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
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
