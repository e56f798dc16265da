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
        return File.Exists(authority) ? GrpcChannel.ForAddress(hub, new GrpcChannelOptions { HttpHandler = HubTrust.FromFile(authority).CreateHandler(), DisposeHttpClient = true })
            : throw new ArgumentException($"--ca: there is no file {authority}. Copy certificates/authority.pem from the hub's folder.");
    }

    /// <summary>Calls, and turns refusals into an exit code.</summary>
    public static Task<int> RunAsync(ParseResult arguments, Func<GrpcChannel, Metadata, Task> call, CancellationToken cancellation) => GuardAsync(async () =>
    {
        var headers = new Metadata { { "authorization", "Bearer " + await TokenAsync(arguments, cancellation).ConfigureAwait(false) } };
        using var channel = Open(arguments);
        await call(channel, headers).ConfigureAwait(false);
    });

    /// <summary>The way to the hub.</summary>
    public static GrpcChannel Open(ParseResult arguments)
    {
        var (hub, authority, token) = (arguments.GetValue(Hub)!, arguments.GetValue(AuthorityFile) ?? "", arguments.GetValue(TokenFile) ?? "");
        return Open(hub, authority.Length > 0 || token.Length > 0 ? authority : HqSession.AuthorityOf(hub), token);
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
