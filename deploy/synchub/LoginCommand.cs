using System.CommandLine;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub login</c>, <c>logout</c> and <c>whoami</c>.</summary>
internal static class LoginCommand
{
    private static readonly Option<string> User = new("--user") { Description = "Who signs in.", Required = true };

    /// <summary>The commands.</summary>
    public static IEnumerable<Command> Create()
    {
        var login = new Command("login", "Signs a person in at HQ's doors; the commands after it need no token file.") { User, HqCall.Hub, HqCall.AuthorityFile };
        login.SetAction((arguments, cancellation) => HqCall.GuardAsync(async () =>
        {
            var hub = arguments.GetValue(HqCall.Hub)!;
            using var channel = HqCall.Open(arguments);
            var request = new LoginRequest { User = arguments.GetValue(User), Password = await SecretInput.ReadAsync("Password").ConfigureAwait(false) };
            var answer = await new Access.AccessClient(channel).LoginAsync(request, cancellationToken: cancellation);
            HqSession.Keep(hub, answer.Token, arguments.GetValue(HqCall.AuthorityFile) ?? "");
            await Console.Out.WriteLineAsync($"{answer.Identity.Name}, {answer.Identity.Role}, until {DateTimeOffset.FromUnixTimeMilliseconds(answer.ExpiresAtMs):yyyy-MM-dd HH:mm} UTC or {answer.IdleMs / 60_000} minutes unused.").ConfigureAwait(false);
        }));
        var logout = new Command("logout", "Ends the session.") { HqCall.Hub, HqCall.AuthorityFile };
        logout.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            await new Access.AccessClient(channel).LogoutAsync(new LogoutRequest(), headers, cancellationToken: cancellation);
            HqSession.Forget();
        }, cancellation));
        var whoAmI = new Command("whoami", "Shows as whom the hub knows this shell, and what that may do.") { HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        whoAmI.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var me = await new Access.AccessClient(channel).WhoAmIAsync(new WhoAmIRequest(), headers, cancellationToken: cancellation);
            await Console.Out.WriteLineAsync($"{(me.IsProgram ? "token" : "user")} {me.Name}, {(me.Stores.Count == 0 ? "whole chain" : "stores " + string.Join(", ", me.Stores))}: {string.Join(", ", me.Permissions)}").ConfigureAwait(false);
        }, cancellation));
        return [login, logout, whoAmI];
    }
}
