using System.CommandLine;
using Grpc.Core;
using SyncHub.V1;

namespace SyncHub.Cli;

// What HQ does about the key of a store's machine.
internal static partial class StoreCommand
{
    private static Command CreateRenew()
    {
        var renew = new Command("renew", "Prints a one-time code for a new key of a store's machine: its certificate ended while it was away, or was revoked. Its database goes on.") { Which, Hub, AuthorityFile, TokenFile, Approver };
        renew.SetAction((arguments, cancellation) => CallAsync(arguments, RenewAsync, cancellation));
        return renew;
    }

    private static Command CreateRevoke()
    {
        var revoke = new Command("revoke", "Shuts a store's machine out, at once. What it holds stays reserved until `synchub store reclaim`.") { Which, Hub, AuthorityFile, TokenFile, Approver };
        revoke.SetAction((arguments, cancellation) => CallAsync(arguments, RevokeAsync, cancellation));
        return revoke;
    }

    private static async Task RenewAsync(ParseResult arguments, Stores.StoresClient client, Metadata headers, CancellationToken cancellation)
    {
        var made = await client.RenewCertificateAsync(new RenewCertificateRequest { Store = arguments.GetValue(Which), Approver = arguments.GetValue(Approver) }, headers, cancellationToken: cancellation);
        await Console.Out.WriteLineAsync($"store {made.Store}: code {made.EnrolmentCode}, valid until {Time(made.CodeValidUntilMs)}").ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"On the store's machine: synchub agent renew --data /var/lib/synchub --hub {HubsOf(arguments, made)} --code {made.EnrolmentCode}").ConfigureAwait(false);
    }

    private static async Task RevokeAsync(ParseResult arguments, Stores.StoresClient client, Metadata headers, CancellationToken cancellation)
    {
        var state = await client.RevokeCertificateAsync(new RevokeCertificateRequest { Store = arguments.GetValue(Which), Approver = arguments.GetValue(Approver) }, headers, cancellationToken: cancellation);
        await Console.Out.WriteLineAsync($"The machine of store {state.Store} cannot connect any more. It may hold {Money(state.ExposureMinor)}, which stays reserved: synchub store reclaim {state.Store}. A new machine: synchub store replace {state.Store}. The same one after all: synchub store renew {state.Store}.").ConfigureAwait(false);
    }
}
