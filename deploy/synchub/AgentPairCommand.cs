using System.CommandLine;
using SyncHub.Agent.Hosting;
using SyncHub.Agent.Till;
using SyncHub.Protos.Trust;

namespace SyncHub.Cli;

/// <summary><c>synchub agent pair</c> and <c>synchub agent unpair</c>: tills that reach the agent over the shop's network.</summary>
internal static class AgentPairCommand
{
    private static readonly Option<string> Name = new("--name") { Description = "The till.", Required = true };

    /// <summary><c>synchub agent pair</c>.</summary>
    public static Command CreatePair()
    {
        var pair = new Command("pair", "Lets a till on another machine call this agent; shows its token, once.") { AgentCommand.Data, Name };
        pair.SetAction((arguments, _) => HqCall.GuardAsync(() => PairAsync(arguments)));
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

    private static async Task PairAsync(ParseResult arguments)
    {
        var data = Path.GetFullPath(arguments.GetValue(AgentCommand.Data)!);
        string fingerprint;
        try
        {
            using var certificate = TillCertificate.OpenOrMake(data, TimeProvider.System.GetUtcNow());
            fingerprint = PinnedKey.FingerprintOf(certificate);
        }
        catch (AgentStartException fault)
        {
            throw new IOException(fault.Message, fault);
        }

        await Console.Out.WriteLineAsync($"Token, shown once: {TillPairs.Add(data, arguments.GetValue(Name)!)}").ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"The agent's key, which the till must pin: {fingerprint}").ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"Over the shop's network: synchub agent run --till-lan ADDRESS, then curl --insecure --pinnedpubkey '{fingerprint}' -H 'authorization: Bearer TOKEN' https://ADDRESS:7412/v1/till/status").ConfigureAwait(false);
    }
}
