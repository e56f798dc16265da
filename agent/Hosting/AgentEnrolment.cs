using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Agent.Sync;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Hosting;

/// <summary>What the hub gave a machine for a code. Nothing is on the disk before <see cref="Write"/>.</summary>
internal sealed class Enrolled(StoreIdentity identity, KeyDraft? key, ByteString certificate) : IDisposable
{
    public StoreIdentity Identity => identity;

    /// <summary>The key first: a folder without an identity does not start.</summary>
    public void Write(string dataDirectory)
    {
        WriteKey(dataDirectory);
        identity.Write(dataDirectory);
    }

    public void WriteKey(string dataDirectory) => key?.Write(MachineKey.PathFor(dataDirectory), certificate.Span);

    public void Dispose() => key?.Dispose();
}

/// <summary>Asks the hub who this machine is, with a one-time code.</summary>
/// <remarks>1. The hub's authority is asked for and must have the code's fingerprint. 2. From then on only that authority is trusted, and only then the code leaves.</remarks>
internal static class AgentEnrolment
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30); // a person waits; the hub may be busy and the line slow

    /// <summary>The codes of each cell, in order.</summary>
    /// <exception cref="AgentStartException">There are not as many as hubs.</exception>
    public static IReadOnlyList<string> CodesOf(AgentOptions options, string code)
    {
        options.ThrowIfFaulty();
        var codes = code.Split('+', StringSplitOptions.TrimEntries);
        return codes.Length == options.HubsByCell.Count ? codes
            : throw new AgentStartException($"--code has {codes.Length} parts, --hub names the hubs of {options.HubsByCell.Count} cells. Where the chain has several, headquarters prints a part for each, with + between them; name their hubs with ; between the cells.", AgentStartException.BadOptions);
    }

    /// <summary><see cref="AgentHost.EnrolAsync"/>.</summary>
    public static async Task<StoreIdentity> EnrolAsync(AgentOptions options, string code)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (StoreIdentity.ExistsIn(options.DataDirectory))
        {
            throw new AgentStartException($"'{options.DataDirectory}' is enrolled already. Start the agent, or enrol in a new folder.", AgentStartException.BadOptions);
        }

        var codes = CodesOf(options, code);
        StoreIdentity? identity = null;
        for (var number = codes.Count; number >= 1; number--)
        {
            // The first cell comes last: without its identity the folder counts as not enrolled, and new codes do all of it again.
            using var enrolled = await AskAsync(options, new Cell(number, codes.Count), codes[number - 1], renews: false);
            DemandCell(enrolled, number, codes.Count, identity);
            PrivateFile.CreateFolder(CellFolders.PathOf(options.DataDirectory, number));
            enrolled.Write(CellFolders.PathOf(options.DataDirectory, number));
            identity = enrolled.Identity;
        }

        return identity!;
    }

    /// <summary><see cref="AgentHost.RenewAsync"/>.</summary>
    public static async Task<StoreIdentity> RenewAsync(AgentOptions options, string code)
    {
        ArgumentNullException.ThrowIfNull(options);
        var first = StoreIdentity.Read(options.DataDirectory);
        var codes = CodesOf(options, code);
        for (var number = codes.Count; number >= 1; number--)
        {
            var folder = CellFolders.PathOf(options.DataDirectory, number);
            var identity = StoreIdentity.Read(folder);
            using var enrolled = await AskAsync(options, new Cell(number, codes.Count), codes[number - 1], renews: true);
            if (enrolled.Identity.Store != identity.Store)
            {
                throw new AgentStartException($"{folder} is the folder of store {identity.Store}, but the code was for store {enrolled.Identity.Store}. Nothing was changed here; ask headquarters for a new code for each of them.", AgentStartException.BadOptions);
            }

            DemandCell(enrolled, number, codes.Count, first);
            enrolled.WriteKey(folder);
            first = identity with { Authority = enrolled.Identity.Authority, Hubs = enrolled.Identity.Hubs };
            first.Write(folder);
        }

        return first;
    }

    /// <summary>A hub that leads another cell than it was named for must not give this folder an identity.</summary>
    /// <exception cref="AgentStartException">It does, or it made the machine another store.</exception>
    public static void DemandCell(Enrolled enrolled, int number, int count, StoreIdentity? other)
    {
        var identity = enrolled.Identity;
        if (identity.InCell != new Cell(number, count) || (other is not null && other.Store != identity.Store))
        {
            throw new AgentStartException($"The hub at {string.Join(',', identity.Hubs)} leads cell {identity.InCell} and made this machine store {identity.Store}; it was named for cell {number}/{count}{(other is null ? "" : $" of store {other.Store}")}. Name the hubs, and the parts of the code, in the order of the cells; ask headquarters for new codes.", AgentStartException.BadOptions);
        }
    }

    /// <summary>Asks the hub of one cell.</summary>
    /// <param name="options">The folder, and the hubs of all cells.</param>
    /// <param name="cell">Which cell.</param>
    /// <param name="code">Its code as headquarters printed it.</param>
    /// <param name="renews">Whether the machine has a life that goes on.</param>
    /// <exception cref="AgentStartException">The options or the code make no sense, it is another hub, or it refused; the message names the way out.</exception>
    public static async Task<Enrolled> AskAsync(AgentOptions options, Cell cell, string code, bool renews)
    {
        options = options.ForCell(cell);
        var read = EnrolmentCode.TryParse(code) ?? throw new AgentStartException("--code: this is no code of headquarters. Type it as it is printed; the dashes may be left out.", AgentStartException.BadOptions);
        if (read.Fingerprint.Length == 0 != options.InsecureLoopback)
        {
            throw new AgentStartException(
                options.InsecureLoopback ? "--insecure-loopback: this code is of a hub with certificates. Use its https address without the option."
                    : "--code: the code has no fingerprint, so it is of a hub that runs with --insecure-loopback, or a part of it is missing.",
                AgentStartException.BadOptions);
        }

        for (var place = 0; ; place++)
        {
            var hub = options.HubAddresses[place];
            try
            {
                return await AskAsync(options, cell, hub, read, renews);
            }
            catch (RpcException fault) when (place + 1 < options.HubAddresses.Count && HubRefusal.MayAnotherHelp(fault))
            {
                // It is out of reach or stands by: one of the others leads.
            }
            catch (RpcException fault)
            {
                throw new AgentStartException($"The hub at {hub} did not enrol this store: {fault.Status.Detail} ({fault.StatusCode}). Check the address, or ask headquarters for a new code.", AgentStartException.NoHub, fault);
            }
        }
    }

    private static async Task<Enrolled> AskAsync(AgentOptions options, Cell cell, string hub, EnrolmentCode code, bool renews)
    {
        var authority = options.InsecureLoopback ? null : await AskAuthorityAsync(hub, code.Fingerprint);
        using var channel = Open(hub, authority is null ? GrpcHttpHandler.Create() : new HubTrust(authority, TimeProvider.System) { DemandsFresh = true }.CreateHandler());
        var key = authority is null ? null : new KeyDraft();
        try
        {
            var request = new V1.EnrolRequest { Code = code.Secret, Renews = renews, Cell = cell.Number, Cells = cell.Count, CertificateRequest = key is null ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(key.Request) };
            var answer = await new V1.Enrolment.EnrolmentClient(channel).EnrolAsync(request, deadline: Until());
            return new Enrolled(new StoreIdentity(answer.Store, answer.StoreName, answer.Incarnation, authority?.ExportCertificatePem() ?? "") { Hubs = options.HubAddresses, Cell = Math.Max(1, answer.Cell), Cells = Math.Max(1, answer.Cells) }, key, answer.Certificate);
        }
        catch
        {
            key?.Dispose();
            throw;
        }
    }

    // The answer comes over a line that anybody may sit on: the fingerprint says what it is worth.
    private static async Task<X509Certificate2> AskAuthorityAsync(string hubAddress, string fingerprint)
    {
        using var channel = Open(hubAddress, HubTrust.CreateUntrustedHandler());
        var answer = await new V1.Enrolment.EnrolmentClient(channel).AuthorityAsync(new V1.AuthorityRequest(), deadline: Until());
        if (!CryptographicOperations.FixedTimeEquals(System.Text.Encoding.ASCII.GetBytes(EnrolmentCode.FingerprintOf(answer.Certificate.Span)), System.Text.Encoding.ASCII.GetBytes(fingerprint)))
        {
            throw new AgentStartException($"What answers at {hubAddress} is not the hub that this code is of: it is another hub, or somebody in between. The code was not sent. Check the address and the code.", AgentStartException.NoHub);
        }

        return X509CertificateLoader.LoadCertificate(answer.Certificate.Span);
    }

    private static GrpcChannel Open(string address, SocketsHttpHandler handler) => GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });

    private static DateTime Until() => TimeProvider.System.GetUtcNow().UtcDateTime + Deadline;
}
