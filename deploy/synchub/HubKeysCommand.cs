using System.CommandLine;
using System.Globalization;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub hub revoke-keys</c>: shuts out whoever has a stolen key of a hub.</summary>
internal static class HubKeysCommand
{
    private static readonly Option<string> By = new("--by") { Description = "Who decides it, where a program calls; a person who is signed in is recorded by name.", DefaultValueFactory = _ => "" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var revoke = new Command("revoke-keys", "Makes every certificate void that a hub of the chain was given before now: when the key of one was, or may have been, stolen. Hubs that run get new ones by themselves.") { By, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        revoke.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var done = await new Hubs.HubsClient(channel).RevokeKeysAsync(new RevokeKeysRequest { Approver = arguments.GetValue(By) }, headers, cancellationToken: cancellation);
            await Console.Out.WriteLineAsync($"Void: every certificate that a hub was given before {DateTimeOffset.FromUnixTimeMilliseconds(done.VoidBeforeMs).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC. Stores that are connected know it; others hear it when they meet a hub.").ConfigureAwait(false);
            await Console.Out.WriteLineAsync("Hubs that stand by: on the machine of each, `synchub hub init --data D` and start it again, or wait a day.").ConfigureAwait(false);
            foreach (var missed in done.Missed)
            {
                await Console.Out.WriteLineAsync($"Not told: {missed} On that hub's machine: `synchub hub init --data D`, start it, then this command again.").ConfigureAwait(false);
            }
        }, cancellation));
        return revoke;
    }
}
