using System.CommandLine;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Storage.Files;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub member</c>: what HQ does to a member from a shell.</summary>
internal static class MemberCommand
{
    private static readonly Option<string> Id = new("--id") { Description = "The member's number.", Required = true };
    private static readonly Option<string> Into = new("--into") { Description = "The member that stays.", Required = true };
    private static readonly Option<string> By = new("--by") { Description = "For whom a program acts; a person acts under the name of the session.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Cashier = new("--by") { Description = "Who does it.", Required = true };
    private static readonly Option<string> Reason = new("--reason") { Description = "Why.", Required = true };
    private static readonly Option<string> Out = new("--out") { Description = "File for it, readable by its owner only; else it is printed.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Phone = new("--phone") { Description = "Find by phone." };
    private static readonly Option<string> Card = new("--card") { Description = "Find by card." };
    private static readonly Option<string> NewName = new("--name") { Description = "A new name." };
    private static readonly Option<string> NewPhone = new("--new-phone") { Description = "A new phone; HQ has it proved." };
    private static readonly Option<string> NewCard = new("--new-card") { Description = "A new card." };
    private static readonly Option<string> NewEmail = new("--email") { Description = "A new e-mail; HQ has it proved." };
    private static readonly Option<string> NewNotes = new("--notes") { Description = "New notes." };
    private static readonly Option<string[]> AddTags = new("--tag") { Description = "A tag to add.", DefaultValueFactory = _ => [] };
    private static readonly Option<string[]> RemoveTags = new("--untag") { Description = "A tag to remove.", DefaultValueFactory = _ => [] };
    private static readonly Option<long> Limit = new("--limit") { Description = "How much the member may owe, minor units; 0 = nothing.", Required = true };
    private static readonly Option<string> Ask = new("--ask") { Description = "Why: asks for it, for another person to approve with `synchub approval approve`.", DefaultValueFactory = _ => "" };
    private static readonly Option<bool> SignIn = new("--sign-in") { Description = "Sign in at the till as --by, with the PIN that is asked for; rules may want it." };
    private static readonly Option<string> Approver = new("--approver") { Description = "The second person, whose PIN is asked for.", DefaultValueFactory = _ => "" };
    private static readonly Option<bool> Allow = new("--allow") { Description = "Take the member off the list." };
    private static readonly Option<string> Till = new("--till") { Description = "A store's gRPC address for tills: value never originates at headquarters.", Required = true };
    private static readonly Option<BucketKind> Kind = new("--kind") { Description = "Principal, Points or Lot (bonus).", DefaultValueFactory = _ => BucketKind.Principal };
    private static readonly Option<long> Delta = new("--delta") { Description = "Minor units or points; above zero gives, below takes.", Required = true };

    /// <summary>The command.</summary>
    public static Command Create() => new("member", "The chain's members.")
    {
        Hq("show", "Shows a member by number, phone or card.", [OptionalId, Phone, Card], ShowAsync),
        Hq("merge", "One person registered twice: the member becomes an alias of the one that stays.", [Id, Into, By, Reason], async (arguments, channel, headers, cancellation) => Line(
            await new Members.MembersClient(channel).MergeMembersAsync(new MergeMembersRequest { LoserId = arguments.GetValue(Id), SurvivorId = arguments.GetValue(Into), Operator = arguments.GetValue(By), Reason = arguments.GetValue(Reason) }, headers, cancellationToken: cancellation))),
        Hq("unmerge", "The alias is a member of its own again.", [Id, By, Reason], async (arguments, channel, headers, cancellation) => Line(
            await new Members.MembersClient(channel).UnmergeMemberAsync(new UnmergeMemberRequest { AliasId = arguments.GetValue(Id), Operator = arguments.GetValue(By), Reason = arguments.GetValue(Reason) }, headers, cancellationToken: cancellation))),
        Hq("set", "Changes fields and tags.", [Id, By, NewName, NewPhone, NewCard, NewEmail, NewNotes, AddTags, RemoveTags], async (arguments, channel, headers, cancellation) => Line(
            await new Members.MembersClient(channel).ChangeProfileAsync(Changes(arguments), headers, cancellationToken: cancellation))),
        Hq("erase", "Erases a member's personal data, for good. The money stays accounted under the number.", [Id, By, Reason], async (arguments, channel, headers, cancellation) => Line(
            await new Members.MembersClient(channel).EraseMemberAsync(new EraseMemberRequest { MemberId = arguments.GetValue(Id), Operator = arguments.GetValue(By), Reason = arguments.GetValue(Reason) }, headers, cancellationToken: cancellation))),
        Hq("export", "Everything that the hub has of a member, as JSON.", [Id, Out], ExportAsync),
        Hq("credit", "Sets how much a member may owe.", [Id, Limit, Ask], LimitAsync),
        Hq("deny", "No store advances anything to the member from now on.", [Id, Allow], async (arguments, channel, headers, cancellation) => string.Join(Environment.NewLine,
            (await new Credits.CreditsClient(channel).SetFloorDeniedAsync(new SetFloorDeniedRequest { MemberId = arguments.GetValue(Id), Denied = !arguments.GetValue(Allow) }, headers, cancellationToken: cancellation)).MemberIds)),
        CreateAdjust(),
    };

    private static Option<string> OptionalId { get; } = new("--id") { Description = "The member's number.", DefaultValueFactory = _ => "" };

    private static Command Hq(string name, string description, Option[] options, Func<ParseResult, GrpcChannel, Metadata, CancellationToken, Task<string>> call)
    {
        var command = new Command(name, description) { HqCall.Hub, HqCall.AuthorityFile, HqCall.TokenFile };
        foreach (var option in options)
        {
            command.Options.Add(option);
        }

        command.SetAction((arguments, cancellation) => HqCall.RunAsync(arguments, async (channel, headers) =>
            await Console.Out.WriteLineAsync(await call(arguments, channel, headers, cancellation).ConfigureAwait(false)).ConfigureAwait(false), cancellation));
        return command;
    }

    private static Command CreateAdjust()
    {
        var adjust = new Command("adjust", "Gives or takes value by hand, at a store's till.") { Till, Id, Kind, Delta, Cashier, Reason, SignIn, Approver };
        adjust.SetAction(AdjustAsync);
        return adjust;
    }

    private static async Task<int> AdjustAsync(ParseResult arguments, CancellationToken cancellation)
    {
        try
        {
            using var channel = GrpcChannel.ForAddress(arguments.GetValue(Till)!);
            var till = new Till.TillClient(channel);
            var request = new AdjustRequest
            {
                RequestId = Guid.NewGuid().ToString(),
                MemberId = arguments.GetValue(Id),
                Kind = arguments.GetValue(Kind),
                DeltaMinor = arguments.GetValue(Delta),
                Reason = arguments.GetValue(Reason),
                Operator = arguments.GetValue(Cashier),
            };
            if (arguments.GetValue(SignIn))
            {
                var signedIn = await till.SignInAsync(new SignInRequest { Name = request.Operator, Pin = await SecretInput.ReadAsync($"PIN of {request.Operator}").ConfigureAwait(false), Terminal = "synchub" }, cancellationToken: cancellation);
                if (signedIn.Rejection is { } wrong)
                {
                    await Console.Error.WriteLineAsync(wrong.Message).ConfigureAwait(false);
                    return ExitCode.Failed;
                }

                request.Session = signedIn.Session;
            }

            if (arguments.GetValue(Approver) is { Length: > 0 } approver)
            {
                (request.Approver, request.ApproverPin) = (approver, await SecretInput.ReadAsync($"PIN of {approver}").ConfigureAwait(false));
            }

            var answer = await till.AdjustAsync(request, cancellationToken: cancellation);
            await Console.Out.WriteLineAsync(answer.Rejection is { } refusal ? refusal.Message : FormattableString.Invariant($"op {answer.Receipt.Op.Sequence} of store {answer.Receipt.Op.Store}")).ConfigureAwait(false);
            return answer.Rejection is null ? ExitCode.Ok : ExitCode.Failed;
        }
        catch (RpcException fault)
        {
            await Console.Error.WriteLineAsync($"The till's agent said {fault.StatusCode}: {fault.Status.Detail}").ConfigureAwait(false);
            return ExitCode.Failed;
        }
        catch (Exception fault) when (fault is UriFormatException or ArgumentException or IOException)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
    }

    private static async Task<string> ShowAsync(ParseResult arguments, GrpcChannel channel, Metadata headers, CancellationToken cancellation)
    {
        var members = new Members.MembersClient(channel);
        var record = arguments.GetValue(OptionalId) is { Length: > 0 } id ? await members.GetMemberAsync(new GetMemberRequest { MemberId = id }, headers, cancellationToken: cancellation)
            : await members.FindMemberAsync(arguments.GetValue(Card) is { } card ? new FindMemberRequest { Card = card } : new FindMemberRequest { Phone = arguments.GetValue(Phone) ?? "" }, headers, cancellationToken: cancellation);
        var wallet = await new Wallets.WalletsClient(channel).GetWalletAsync(new GetWalletRequest { MemberId = record.MemberId }, headers, cancellationToken: cancellation);
        return Line(record) + Environment.NewLine + Line(wallet);
    }

    private static async Task<string> LimitAsync(ParseResult arguments, GrpcChannel channel, Metadata headers, CancellationToken cancellation)
    {
        var wanted = new SetCreditLimitRequest { MemberId = arguments.GetValue(Id), LimitMinor = arguments.GetValue(Limit) };
        if (arguments.GetValue(Ask) is not { Length: > 0 } reason)
        {
            return Line(await new Credits.CreditsClient(channel).SetCreditLimitAsync(wanted, headers, cancellationToken: cancellation));
        }

        var asked = await new Approvals.ApprovalsClient(channel).AskForAsync(new AskForRequest { CreditLimit = wanted, Reason = reason }, headers, cancellationToken: cancellation);
        await ApprovalCommand.SayAsync(asked).ConfigureAwait(false);
        return $"Another person has to approve it within a week: synchub approval approve {asked.Id}";
    }

    private static async Task<string> ExportAsync(ParseResult arguments, GrpcChannel channel, Metadata headers, CancellationToken cancellation)
    {
        var whole = new MemberExport();
        using var call = new Members.MembersClient(channel).ExportMember(new ExportMemberRequest { MemberId = arguments.GetValue(Id) }, headers, cancellationToken: cancellation);
        while (await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false))
        {
            whole.MergeFrom(call.ResponseStream.Current);
        }

        var json = new JsonFormatter(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithIndentation()).Format(whole);
        if (arguments.GetValue(Out) is not { Length: > 0 } path)
        {
            return json;
        }

        PrivateFile.Write(Path.GetFullPath(path), Encoding.UTF8.GetBytes(json));
        return string.Create(CultureInfo.InvariantCulture, $"{whole.Ops.Count} ops, {whole.Changes.Count} changes and {whole.Cases.Count} cases lie in {Path.GetFullPath(path)}, readable by you only.");
    }

    private static ChangeProfileRequest Changes(ParseResult arguments)
    {
        var request = new ChangeProfileRequest { MemberId = arguments.GetValue(Id), Operator = arguments.GetValue(By) };
        foreach (var (field, option) in new[] { (ProfileField.Name, NewName), (ProfileField.Phone, NewPhone), (ProfileField.Card, NewCard), (ProfileField.Email, NewEmail), (ProfileField.Notes, NewNotes) })
        {
            if (arguments.GetValue(option) is { } value)
            {
                request.Fields.Add(new FieldChange { Field = field, Value = value, Proved = true });
            }
        }

        request.AddTags.AddRange(arguments.GetValue(AddTags));
        request.RemoveTags.AddRange(arguments.GetValue(RemoveTags));
        return request;
    }

    private static string Line(MemberRecord member) =>
        $"{member.MemberId}  {member.Profile?.Name}, tier {member.Tier}" + (member.AliasOf.Length > 0 ? $", merged into {member.AliasOf}" : "") + (member.Aliases.Count > 0 ? $", aliases {string.Join(", ", member.Aliases)}" : "")
        + (member.Tags.Count > 0 ? $", tags {string.Join(", ", member.Tags)}" : "") + (member.Erased ? ", erased" : "");

    private static string Line(Wallet wallet) => string.Create(CultureInfo.InvariantCulture,
        $"principal {wallet.PrincipalMinor}, bonus {wallet.BonusMinor} {wallet.Currency}, {wallet.Points} points, owes {wallet.ReceivableMinor}, credit limit {wallet.CreditLimitMinor}, pending {wallet.PendingMinor}");
}
