using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using SyncHub.Hub.Users;
using SyncHub.Storage.Files;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub token</c>: programs that may come through HQ's doors.</summary>
internal static class TokenCommand
{
    private static readonly Option<string> Name = new("--name") { Description = "Which program.", Required = true };
    private static readonly Option<string[]> Scopes = new("--scope") { Description = "What it may do, for example members-read; may be given many times.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int[]> Stores = new("--store") { Description = "A store that is its business; may be given many times. None = the whole chain.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int> Days = new("--days") { Description = "After so many days it ends; 0 = never.", DefaultValueFactory = _ => 365 };
    private static readonly Option<string> Id = new("--id") { Description = "Which token, from `token list`.", Required = true };
    private static readonly Option<string> Data = new("--data") { Description = "The hub's folder, for whoever owns it on the hub's machine; needs --role and --out.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> RoleName = new("--role") { Description = "With --data: all that this role may do.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Out = new("--out") { Description = "File for the secret, readable by its owner only; else it is printed.", DefaultValueFactory = _ => "" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var add = new Command("add", "Adds a token and shows its secret, once.") { Name, Scopes, Stores, Days, Out, Data, RoleName, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        add.SetAction((arguments, cancellation) => arguments.GetValue(Data)!.Length > 0 ? HqCall.GuardAsync(() => AddHereAsync(arguments)) : HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var days = arguments.GetValue(Days);
            var request = new AddTokenRequest { Name = arguments.GetValue(Name), ExpiresAtMs = days == 0 ? 0 : TimeProvider.System.GetUtcNow().AddDays(days).ToUnixTimeMilliseconds() };
            request.Permissions.AddRange((arguments.GetValue(Scopes) ?? []).Select(ParseScope));
            request.Stores.AddRange(arguments.GetValue(Stores));
            var answer = await new ApiTokens.ApiTokensClient(channel).AddTokenAsync(request, headers, cancellationToken: cancellation);
            await SayAsync(answer.Token).ConfigureAwait(false);
            await HandOutAsync(arguments, answer.Secret).ConfigureAwait(false);
        }, cancellation));
        var list = new Command("list", "Shows all tokens, newest first; never their secrets.") { HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        list.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            foreach (var token in await AllAsync(new ApiTokens.ApiTokensClient(channel), headers, cancellation).ConfigureAwait(false))
            {
                await SayAsync(token).ConfigureAwait(false);
            }
        }, cancellation));
        var revoke = new Command("revoke", "Lets a token in no more, at once.") { Id, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        revoke.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
            await SayAsync(await new ApiTokens.ApiTokensClient(channel).RevokeTokenAsync(new RevokeTokenRequest { Id = arguments.GetValue(Id) }, headers, cancellationToken: cancellation)).ConfigureAwait(false), cancellation));
        return new Command("token", "Programs that may come through HQ's doors.") { add, list, revoke };
    }

    private static async Task<IReadOnlyList<ApiToken>> AllAsync(ApiTokens.ApiTokensClient client, Metadata headers, CancellationToken cancellation)
    {
        var (all, request) = (new List<ApiToken>(), new ListTokensRequest());
        do
        {
            var page = await client.ListTokensAsync(request, headers, cancellationToken: cancellation);
            all.AddRange(page.Tokens);
            request.After = page.NextAfter;
        }
        while (request.After.Length > 0);
        return all;
    }

    private static async Task AddHereAsync(ParseResult arguments)
    {
        if (arguments.GetValue(Out)!.Length == 0)
        {
            throw new ArgumentException("--data: name with --out a file for the secret.");
        }

        var path = Path.GetFullPath(arguments.GetValue(Out)!);
        Seeds.AddTokenTo(Path.GetFullPath(arguments.GetValue(Data)!), arguments.GetValue(Name)!, UserCommand.ParseRole(arguments.GetValue(RoleName)!), path);
        await Console.Out.WriteLineAsync($"The secret lies in {path}. It counts as soon as the hub starts, or from the next sign-in on where it runs.").ConfigureAwait(false);
    }

    private static Permission ParseScope(string name) => Enum.TryParse<Permission>(name.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var permission) && Enum.IsDefined(permission) && permission != Permission.Unspecified ? permission
        : throw new ArgumentException($"--scope: '{name}' is none of {string.Join(", ", Enum.GetNames<Permission>().Skip(1))}.");

    private static Task HandOutAsync(ParseResult arguments, string secret)
    {
        var path = arguments.GetValue(Out)!;
        if (path.Length == 0)
        {
            return Console.Out.WriteLineAsync($"Secret, shown once: {secret}");
        }

        PrivateFile.Write(Path.GetFullPath(path), System.Text.Encoding.ASCII.GetBytes(secret));
        return Console.Out.WriteLineAsync($"The secret lies in {Path.GetFullPath(path)}.");
    }

    private static Task SayAsync(ApiToken token)
    {
        static string Day(long ms, string none) => ms == 0 ? none : DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        return Console.Out.WriteLineAsync($"{token.Id}  {token.Name,-30} used {Day(token.LastUsedMs, "never"),-16}  ends {Day(token.ExpiresAtMs, "never"),-16}  {string.Join(' ', token.Permissions)}{(token.Stores.Count > 0 ? ", stores " + string.Join(' ', token.Stores) : "")}{(token.Revoked ? ", revoked" : "")}");
    }
}
