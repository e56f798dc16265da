using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using Grpc.Core;
using SyncHub.V1;

namespace SyncHub.Cli;

/// <summary><c>synchub store</c>: HQ's view of its stores from a shell.</summary>
internal static partial class StoreCommand
{
    private static readonly Option<string> Hub = HqCall.Hub;
    private static readonly Option<string> AuthorityFile = HqCall.AuthorityFile;
    private static readonly Option<string> TokenFile = HqCall.TokenFile;
    private static readonly Option<int> Number = new("--number") { Description = "The store's number; 0 = the next free one." };
    private static readonly Option<string> Name = new("--name") { Description = "The store's name.", DefaultValueFactory = _ => "" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var enrol = new Command("enrol", "Makes a store and prints its one-time code, valid for 30 minutes.") { Hub, AuthorityFile, TokenFile, Number, Name };
        enrol.SetAction((arguments, cancellation) => CallAsync(arguments, EnrolAsync, cancellation));
        var list = new Command("list", "Shows every store: online, backlog, how much money it may spend, its life, and what it waits for.") { Hub, AuthorityFile, TokenFile };
        list.SetAction((arguments, cancellation) => CallAsync(arguments, ListAsync, cancellation));
        return new Command("store", "The chain's stores.") { enrol, list, CreateReplace(), CreateReclaim(), CreateRelease(), CreateRenew(), CreateRevoke() };
    }

    private static async Task EnrolAsync(ParseResult arguments, Stores.StoresClient client, Metadata headers, CancellationToken cancellation)
    {
        var made = await client.CreateStoreAsync(new CreateStoreRequest { Store = arguments.GetValue(Number), Name = arguments.GetValue(Name) }, headers, cancellationToken: cancellation);
        await Console.Out.WriteLineAsync($"store {made.Store}: code {made.EnrolmentCode}, valid until {Time(made.CodeValidUntilMs)}").ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"On the store's machine: synchub agent enrol --data /var/lib/synchub --hub {HubsOf(arguments, made)} --code {made.EnrolmentCode}").ConfigureAwait(false);
    }

    private static async Task ListAsync(ParseResult arguments, Stores.StoresClient client, Metadata headers, CancellationToken cancellation)
    {
        await Console.Out.WriteLineAsync($"{"store",5}  {"name",-20} {"state",-8} {"since",-20} {"committed",10} {"backlog",8} {"exposure",14}  {"life",-16} note").ConfigureAwait(false);
        await foreach (var store in AllAsync(client, headers, cancellation).ConfigureAwait(false))
        {
            var state = !store.Enrolled ? "new" : store.Online ? "online" : "offline";
            var since = store.SinceMs == 0 ? "" : Time(store.SinceMs);
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{store.Store,5}  {store.Name,-20} {state,-8} {since,-20} {store.CommittedSequence,10} {store.BacklogOps,8} {store.ExposureMinor / 100,11}.{store.ExposureMinor % 100:00}  {LifeOf(store),-16} {NoteOf(store)}")).ConfigureAwait(false);
        }
    }

    private static async IAsyncEnumerable<StoreState> AllAsync(Stores.StoresClient client, Metadata headers, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = new ListStoresRequest();
        do
        {
            var page = await client.ListStoresAsync(request, headers, cancellationToken: cancellation);
            foreach (var store in page.Stores)
            {
                yield return store;
            }

            request.After = page.NextAfter;
        }
        while (request.After > 0);
    }

    private static Task<int> CallAsync(ParseResult arguments, Func<ParseResult, Stores.StoresClient, Metadata, CancellationToken, Task> call, CancellationToken cancellation) =>
        HqCall.RunAsync(arguments, (channel, headers) => call(arguments, new Stores.StoresClient(channel), headers, cancellation), cancellation);

    // What an agent is to be told: in a chain of several cells more than the hubs that HQ asks.
    private static string HubsOf(ParseResult arguments, CreateStoreResponse made)
    {
        var asked = arguments.GetValue(Hub)!;
        return made.CellHubs.Length == 0 ? asked : $"'{string.Join(';', made.CellHubs.Split(';').Select(hubs => hubs == "here" ? asked : hubs))}'"; // quoted: a shell ends a command at ;
    }

    private static string Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
