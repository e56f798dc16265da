using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using SyncHub.Hub.Users;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub user</c>: people who may come through HQ's doors.</summary>
internal static class UserCommand
{
    private static readonly Argument<string> Who = new("name") { Description = "The user's name." };
    private static readonly Option<string> RoleName = new("--role") { Description = "admin, finance, marketing, store-manager, cashier or auditor.", DefaultValueFactory = _ => "" };
    private static readonly Option<int[]> Stores = new("--store") { Description = "A store that is the user's business; may be given many times. None = the whole chain.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<bool> Remove = new("--remove") { Description = "Take the PIN away." };
    private static readonly Option<bool> First = new("--first") { Description = "An admin, added by whoever owns the hub's folder on its machine: the first one, or a new password for one who has lost it." };
    private static readonly Option<string> Data = new("--data") { Description = "With --first: the hub's folder.", DefaultValueFactory = _ => "" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var add = new Command("add", "Adds a user; asks for the password.") { Who, RoleName, Stores, First, Data, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        add.SetAction((arguments, cancellation) => arguments.GetValue(First) ? AddFirstAsync(arguments) : HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var request = new AddUserRequest { Name = arguments.GetValue(Who), Role = RoleOf(arguments) };
            request.Stores.AddRange(arguments.GetValue(Stores));
            request.Password = request.Role == Role.Cashier ? "" : await SecretInput.ReadAsync($"Password for {request.Name}").ConfigureAwait(false);
            await SayAsync(await new V1.Users.UsersClient(channel).AddUserAsync(request, headers, cancellationToken: cancellation)).ConfigureAwait(false);
        }, cancellation));
        var list = new Command("list", "Shows all users.") { HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        list.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var request = new ListUsersRequest();
            do
            {
                var page = await new V1.Users.UsersClient(channel).ListUsersAsync(request, headers, cancellationToken: cancellation);
                foreach (var user in page.Users)
                {
                    await SayAsync(user).ConfigureAwait(false);
                }

                request.After = page.NextAfter;
            }
            while (request.After.Length > 0);
        }, cancellation));
        var role = Changing("role", "Gives a user another role and other stores; what the user had open ends.", disabled: false);
        role.Options.Add(RoleName);
        role.Options.Add(Stores);
        var disable = Changing("disable", "Lets a user in no more, at once.", disabled: true);
        var reset = new Command("reset", "Gives a user a new password; what the user had open ends.") { Who, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        reset.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var request = new ResetPasswordRequest { Name = arguments.GetValue(Who), Password = await SecretInput.ReadAsync("New password").ConfigureAwait(false) };
            await SayAsync(await new V1.Users.UsersClient(channel).ResetPasswordAsync(request, headers, cancellationToken: cancellation)).ConfigureAwait(false);
        }, cancellation));
        var pin = new Command("pin", "Gives a user a PIN for the tills of the user's stores, or takes it away.") { Who, Remove, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        pin.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var request = new SetPinRequest { Name = arguments.GetValue(Who), Pin = arguments.GetValue(Remove) ? "" : await SecretInput.ReadAsync("PIN").ConfigureAwait(false) };
            await SayAsync(await new V1.Cashiers.CashiersClient(channel).SetPinAsync(request, headers, cancellationToken: cancellation)).ConfigureAwait(false);
        }, cancellation));
        return new Command("user", "People who may come through HQ's doors.") { add, list, role, disable, reset, pin };
    }

    /// <summary>A role by its name on the command line.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static Role ParseRole(string name) => Enum.TryParse<Role>(name.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var role) && Enum.IsDefined(role) && role != Role.Unspecified ? role
        : throw new ArgumentException($"--role: '{name}' is none of admin, finance, marketing, store-manager, cashier, auditor.");

    private static Command Changing(string name, string description, bool disabled)
    {
        var command = new Command(name, description) { Who, HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        command.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
        {
            var client = new V1.Users.UsersClient(channel);
            var known = await FindAsync(client, arguments.GetValue(Who)!, headers, cancellation).ConfigureAwait(false) ?? throw new ArgumentException("There is no such user. `synchub user list` shows all.");
            var request = new ChangeUserRequest { Name = known.Name, Role = disabled ? known.Role : RoleOf(arguments), Disabled = disabled };
            request.Stores.AddRange(disabled ? known.Stores : arguments.GetValue(Stores) ?? []);
            await SayAsync(await client.ChangeUserAsync(request, headers, cancellationToken: cancellation)).ConfigureAwait(false);
        }, cancellation));
        return command;
    }

    private static async Task<User?> FindAsync(V1.Users.UsersClient client, string name, Metadata headers, CancellationToken cancellation)
    {
        var request = new ListUsersRequest();
        while (true)
        {
            var page = await client.ListUsersAsync(request, headers, cancellationToken: cancellation);
            if (page.Users.FirstOrDefault(user => string.Equals(user.Name, name, StringComparison.OrdinalIgnoreCase)) is { } found)
            {
                return found;
            }

            if (page.NextAfter.Length == 0)
            {
                return null;
            }

            request.After = page.NextAfter;
        }
    }

    private static async Task<int> AddFirstAsync(ParseResult arguments)
    {
        try
        {
            var (data, name) = (arguments.GetValue(Data)!, arguments.GetValue(Who)!);
            if (data.Length == 0)
            {
                throw new ArgumentException("--first: name the hub's folder with --data.");
            }

            data = Path.GetFullPath(data);
            Seeds.AddAdmin(data, name, await SecretInput.ReadAsync($"Password for {name}").ConfigureAwait(false));
            await Console.Out.WriteLineAsync($"{name} is an admin as soon as the hub starts, or at the next sign-in where it runs. Then: synchub login --user {name} --ca {Path.Combine(data, "certificates", "authority.pem")}").ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (Exception fault) when (fault is ArgumentException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
    }

    private static Role RoleOf(ParseResult arguments) => ParseRole(arguments.GetValue(RoleName)!);

    private static Task SayAsync(User user)
    {
        var stores = user.Stores.Count == 0 ? "whole chain" : "stores " + string.Join(", ", user.Stores);
        var seen = user.LastLoginMs == 0 ? "never signed in" : "signed in " + DateTimeOffset.FromUnixTimeMilliseconds(user.LastLoginMs).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        return Console.Out.WriteLineAsync($"{user.Name,-30} {user.Role,-12} {stores,-20} {seen}{(user.Disabled ? ", disabled" : "")}");
    }
}
