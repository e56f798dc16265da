using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.V1;

namespace SyncHub.Cli;

// What HQ does about a machine that is lost, copied or broken (deploy/RUNBOOK.md).
internal static partial class StoreCommand
{
    private static readonly Argument<int> Which = new("store") { Description = "The store's number." };
    private static readonly Option<string> Approver = new("--approver") { Description = "Who decides this, where a program calls; a person who is signed in is recorded by name.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Member = new("--member") { Description = "Only this member; the store goes on.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Payer = new("--payer") { Description = "The account that bears what turns out missing, for example hq/loss; empty = the store's own loss account.", DefaultValueFactory = _ => "" };
    private static readonly Option<bool> DeadLives = new("--dead-lives") { Description = "Only what earlier lives of the store hold: replaced machines, databases that forgot something. The living one goes on." };
    private static readonly Option<string> Ask = new("--ask") { Description = "Why: asks for it, for another person to approve with `synchub approval approve`.", DefaultValueFactory = _ => "" };
    private static readonly Option<bool> Yes = new("--yes") { Description = "Do not ask." };

    private static Command CreateReplace()
    {
        var replace = new Command("replace", "Prints a one-time code for a new machine of a store whose machine is lost. Its use ends the old life.") { Which, Hub, AuthorityFile, TokenFile, Approver };
        replace.SetAction((arguments, cancellation) => CallAsync(arguments, ReplaceAsync, cancellation));
        return replace;
    }

    private static Command CreateReclaim()
    {
        var reclaim = new Command("reclaim", "Takes back what a store holds although it may have used it, so that its members can spend elsewhere.") { Which, Hub, AuthorityFile, TokenFile, Member, DeadLives, Payer, Approver, Ask, Yes };
        reclaim.SetAction((arguments, cancellation) => arguments.GetValue(Ask)!.Length > 0 ? HqCall.RunAsync(arguments, (channel, headers) => AskAsync(arguments, channel, headers, cancellation), cancellation) : CallAsync(arguments, ReclaimAsync, cancellation));
        return reclaim;
    }

    private static Command CreateRelease()
    {
        var release = new Command("release", "Ends the life of a store's machine, so that the one in quarantine goes on as the store.") { Which, Hub, AuthorityFile, TokenFile, Approver };
        release.SetAction((arguments, cancellation) => CallAsync(arguments, ReleaseAsync, cancellation));
        return release;
    }

    private static async Task ReplaceAsync(ParseResult arguments, Stores.StoresClient client, Metadata headers, CancellationToken cancellation)
    {
        var made = await client.ReplaceAgentAsync(new ReplaceAgentRequest { Store = arguments.GetValue(Which), Approver = arguments.GetValue(Approver) }, headers, cancellationToken: cancellation);
        await Console.Out.WriteLineAsync($"store {made.Store}: code {made.EnrolmentCode}, valid until {Time(made.CodeValidUntilMs)}").ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"On the store's machine: synchub agent replace --data /var/lib/synchub --hub {HubsOf(arguments, made)} --code {made.EnrolmentCode}").ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"What the lost machine holds stays reserved until `synchub agent upload` brings its log or `synchub store reclaim {made.Store}` takes it.").ConfigureAwait(false);
    }

    private static async Task ReclaimAsync(ParseResult arguments, Stores.StoresClient client, Metadata headers, CancellationToken cancellation)
    {
        var number = arguments.GetValue(Which);
        if (!arguments.GetValue(Yes) && !await ConfirmAsync(arguments, client, headers, cancellation).ConfigureAwait(false))
        {
            throw new ArgumentException("Nothing was done. Answer yes, or give --yes.");
        }

        var done = await client.ReclaimAsync(RequestOf(arguments), headers, cancellationToken: cancellation);
        await Console.Out.WriteLineAsync($"{Money(done.ReclaimedMinor)} of {done.Members} members reclaimed from store {number}: they can spend it elsewhere now.").ConfigureAwait(false);
        await Console.Out.WriteLineAsync("What the store turns out to have used is accepted when it reports and becomes a case: synchub case list.").ConfigureAwait(false);
    }

    private static async Task AskAsync(ParseResult arguments, GrpcChannel channel, Metadata headers, CancellationToken cancellation)
    {
        var asked = await new Approvals.ApprovalsClient(channel).AskForAsync(new AskForRequest { Reclaim = RequestOf(arguments), Reason = arguments.GetValue(Ask) }, headers, cancellationToken: cancellation);
        await ApprovalCommand.SayAsync(asked).ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"Another person has to approve it within a week: synchub approval approve {asked.Id}").ConfigureAwait(false);
    }

    private static ReclaimRequest RequestOf(ParseResult arguments) => new()
    {
        Store = arguments.GetValue(Which),
        MemberId = arguments.GetValue(Member),
        OnlyDeadLives = arguments.GetValue(DeadLives),
        Payer = arguments.GetValue(Payer),
        Approver = arguments.GetValue(Approver),
    };

    private static async Task<bool> ConfirmAsync(ParseResult arguments, Stores.StoresClient client, Metadata headers, CancellationToken cancellation)
    {
        var (number, member) = (arguments.GetValue(Which), arguments.GetValue(Member)!);
        var found = await client.ListStoresAsync(new ListStoresRequest { After = number - 1, Limit = 1 }, headers, cancellationToken: cancellation);
        if (found.Stores.FirstOrDefault(store => store.Store == number) is not { } known)
        {
            throw new ArgumentException($"There is no store {number}. `synchub store list` shows all.");
        }

        var whose = arguments.GetValue(DeadLives) ? "what its earlier lives hold" : $"what it holds, {Money(known.ExposureMinor)}";
        var what = member.Length > 0 ? $"{whose} at most, of member {member}" : arguments.GetValue(DeadLives) ? whose : $"{whose}, and ends its present life";
        await Console.Out.WriteAsync($"Store {number}, {known.Name}, is {(known.Online ? "ONLINE" : "offline")}. This takes {what}. Type yes to go on: ").ConfigureAwait(false);
        return (await Console.In.ReadLineAsync(cancellation).ConfigureAwait(false))?.Trim() == "yes";
    }

    private static async Task ReleaseAsync(ParseResult arguments, Stores.StoresClient client, Metadata headers, CancellationToken cancellation)
    {
        var state = await client.ReleaseQuarantineAsync(new ReleaseQuarantineRequest { Store = arguments.GetValue(Which), Approver = arguments.GetValue(Approver) }, headers, cancellationToken: cancellation);
        await Console.Out.WriteLineAsync($"The life of store {state.Store} has ended. The machine that connects next goes on as this store: let only that one run.").ConfigureAwait(false);
    }

    // Lives are term and number: 1.2 is the second life that the hub gave in its first term.
    private static string LifeOf(StoreState store)
    {
        var status = store.Lives.FirstOrDefault(life => life.Incarnation == store.Incarnation)?.Status switch
        {
            LifeStatus.Living => "living",
            LifeStatus.Dead => "dead",
            LifeStatus.Closed => "closed",
            _ => "",
        };
        return store.Incarnation == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{store.Incarnation >> 32}.{store.Incarnation & uint.MaxValue} {status}");
    }

    private static string NoteOf(StoreState store)
    {
        var open = store.Lives.Count(life => life.Status == LifeStatus.Dead && !life.Released);
        string[] notes =
        [
            store.Certificate is CertificateState.Revoked or CertificateState.Expired ? $"certificate {store.Certificate.ToString().ToLowerInvariant()}: it cannot connect before `synchub store renew {store.Store}`" : "",
            store.Reconciling ? "reconciling: nothing is granted in the chain until it has reported" : "",
            open > 0 ? string.Create(CultureInfo.InvariantCulture, $"{open} dead lives hold rights until their logs are complete or they are reclaimed") : "",
            store.Quarantine.Length > 0 ? "QUARANTINE: " + store.Quarantine : "",
        ];
        return string.Join("; ", notes.Where(note => note.Length > 0));
    }

    private static string Money(long minor) => string.Create(CultureInfo.InvariantCulture, $"{minor / 100}.{minor % 100:00}");
}
