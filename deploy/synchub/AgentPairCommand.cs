using System.CommandLine;
using SyncHub.Agent.Till;

namespace SyncHub.Cli;

/// <summary><c>synchub agent pair</c> and <c>synchub agent unpair</c>: tills that reach the agent over the shop's network.</summary>
internal static class AgentPairCommand
{
    private static readonly Option<string> Name = new("--name") { Description = "The till.", Required = true };

    /// <summary><c>synchub agent pair</c>.</summary>
    public static Command CreatePair()
    {
        var pair = new Command("pair", "Lets a till on another machine call this agent; shows its token, once.") { AgentCommand.Data, Name };
        pair.SetAction((arguments, _) => HqCall.GuardAsync(() =>
            Console.Out.WriteLineAsync($"Token, shown once: {TillPairs.Add(Path.GetFullPath(arguments.GetValue(AgentCommand.Data)!), arguments.GetValue(Name)!)}")));
        return pair;
    }

    /// <summary><c>synchub agent unpair</c>.</summary>
    public static Command CreateUnpair()
    {
        var unpair = new Command("unpair", "Lets a till call this agent no more, at once.") { AgentCommand.Data, Name };
        unpair.SetAction((arguments, _) => HqCall.GuardAsync(() => TillPairs.Remove(Path.GetFullPath(arguments.GetValue(AgentCommand.Data)!), arguments.GetValue(Name)!)
            ? Console.Out.WriteLineAsync("Done.") : throw new ArgumentException("There is no such till.")));
        return unpair;
    }
}
