using Microsoft.Extensions.Logging;
using SyncHub.Hub.Certificates;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Sealing;

namespace SyncHub.Hub;

/// <summary>How a hub comes to its journal where another one may lead: it stands by, with doors that say so, until it is its turn.</summary>
internal static class StandBy
{
    /// <summary>Opens the journal when it is this hub's turn.</summary>
    /// <returns>The journal, and the ports to open: those of the doors that it stood by with, or those of the options.</returns>
    /// <exception cref="ArgumentException">This hub could not lead: it lacks a secret of the chain.</exception>
    /// <exception cref="IOException">A port is in use.</exception>
    public static async Task<(SealedJournal Journal, (int Grpc, int Http) Ports)> OpenAsync(HubJournal opening, HubOptions options, CertificateAuthority? certificates, Action<ILoggingBuilder>? logging, CancellationToken cancellation)
    {
        StandbyDoors? doors = null;
        Exception? fault = null;
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var journal = await opening.OpenAsync(options, TellAsync, giveUp.Token).ConfigureAwait(false);
            return (journal, doors?.Ports ?? (options.GrpcPort, options.HttpPort));
        }
        catch (OperationCanceledException) when (fault is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
            throw; // never comes here
        }
        finally
        {
            if (doors is not null)
            {
                await doors.DisposeAsync().ConfigureAwait(false);
            }
        }

        async Task TellAsync(LeadingWriter leader)
        {
            try
            {
                if (doors is null)
                {
                    SharedSecrets.DemandPresent(options);
                    doors = await StandbyDoors.OpenAsync(options, certificates, logging, giveUp.Token).ConfigureAwait(false);
                    HubReady.Write(options.DataDirectory, doors.Ports, isLeading: false);
                }

                doors.Tell(leader);
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                fault = error; // what keeps this hub from standing by is no trouble of the journal
                await giveUp.CancelAsync().ConfigureAwait(false);
            }
        }
    }
}
