using System.CommandLine;
using SyncHub.Agent.Hosting;
using SyncHub.Agent.Sync;

namespace SyncHub.Cli;

/// <summary><c>synchub agent replace</c> and <c>synchub agent upload</c>: a store gets a new machine or a new database, and its old log is not lost.</summary>
internal static class AgentRescueCommand
{
    private static readonly Option<string> From = new("--from") { Description = "Folder with the old agent.db: a disk that turned up, or the folder that `agent replace` named.", Required = true };

    /// <summary><c>synchub agent replace</c>.</summary>
    public static Command CreateReplace()
    {
        var replace = new Command("replace", "Moves the old database of a stopped agent aside and begins a new life with a code from `synchub store replace`.") { AgentCommand.Data, AgentCommand.Hub, AgentCommand.InsecureLoopback, AgentCommand.Code };
        replace.SetAction((arguments, _) => AgentCommand.GuardAsync(() => ReplaceAsync(arguments)));
        return replace;
    }

    /// <summary><c>synchub agent upload</c>.</summary>
    public static Command CreateUpload()
    {
        var upload = new Command("upload", "Sends the hub the log of an old database of this store. It may be done twice, and while the agent runs.") { AgentCommand.Data, AgentCommand.Hub, AgentCommand.InsecureLoopback, From };
        upload.SetAction((arguments, cancellation) => AgentCommand.GuardAsync(() => UploadAsync(arguments, cancellation)));
        return upload;
    }

    private static async Task ReplaceAsync(ParseResult arguments)
    {
        var data = Path.GetFullPath(arguments.GetValue(AgentCommand.Data)!);
        var (identity, aside) = await AgentReplacement.RunAsync(AgentCommand.OptionsOf(arguments), arguments.GetValue(AgentCommand.Code)!, TimeProvider.System.GetUtcNow()).ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"This machine is store {identity.Store}, {identity.Name}, in a new life. Start it: synchub agent run --data {data}").ConfigureAwait(false);
        foreach (var old in aside)
        {
            await Console.Out.WriteLineAsync($"The old database is {old}. So that nothing in it is lost: synchub agent upload --data {data} --from {old}").ConfigureAwait(false);
        }
    }

    private static async Task UploadAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var ops = await OldLogUpload.RunAsync(AgentCommand.OptionsOf(arguments), Path.GetFullPath(arguments.GetValue(From)!), cancellation).ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"The hub has all {ops} ops of the old database.").ConfigureAwait(false);
    }
}
