using System.CommandLine;
using Grpc.Core;
using Grpc.Net.Client;

namespace SyncHub.Cli;

/// <summary>One call of HQ's doors from a shell: the options that say where the hub is, and what a refusal looks like.</summary>
internal static class HqCall
{
    /// <summary>Where the hub is.</summary>
    public static readonly Option<string> Hub = new("--hub") { Description = "The hub's address.", DefaultValueFactory = _ => "http://127.0.0.1:7400" };

    /// <summary>The key of HQ's doors.</summary>
    public static readonly Option<string> TokenFile = new("--token-file") { Description = "File with the admin token: admin.token in the hub's folder.", Required = true };

    /// <summary>Calls, and turns refusals into an exit code.</summary>
    public static async Task<int> RunAsync(ParseResult arguments, Func<GrpcChannel, Metadata, Task> call, CancellationToken cancellation)
    {
        try
        {
            var token = (await File.ReadAllTextAsync(arguments.GetValue(TokenFile)!, cancellation).ConfigureAwait(false)).Trim();
            using var channel = GrpcChannel.ForAddress(arguments.GetValue(Hub)!);
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
