using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>The door of the hubs of other cells, tried by whoever should not come in; and what belongs to another cell.</summary>
public sealed class CellDoorTests
{
    private static readonly Cell Second = new(2, 2);

    [Fact]
    public async Task A_hub_of_the_chain_calls_for_somebody_and_may_do_no_more_than_he()
    {
        await using var hub = await StartAsync(Second);
        using var channel = hub.OpenChannel(HubCertificate(hub));
        var auditor = For("kim", Second, Role.Auditor);
        Assert.Empty((await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), auditor)).Stores);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest(), auditor));
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.False((await new V1.Cells.CellsClient(channel).KnowsAsync(new KnowsRequest { Phone = "1" }, auditor)).Phone);

        var made = await new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest { Store = 7 }, For("lee", Second, Role.Admin));
        Assert.Equal(7, made.Store);
        var entry = Assert.Single(await hub.AuditAsync(), entry => entry.Who.StartsWith("user", StringComparison.Ordinal) && entry.Outcome == "done");
        Assert.Equal(("user lee", "Stores/CreateStore", "10.1.2.3"), (entry.Who, entry.What, entry.From));
    }

    [Fact]
    public async Task Nobody_else_calls_for_others()
    {
        await using var hub = await StartAsync(Second);
        await using var stranger = await StartAsync(Second);
        var store = new Machine();
        await store.EnrolAsync(hub, (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode);
        foreach (var certificate in new[] { null, store.Certificate, HubCertificate(stranger) })
        {
            using var channel = hub.OpenChannel(certificate);
            await AssertRefusedAsync(channel, For("kim", Second, Role.Admin), StatusCode.Unauthenticated, "shows no hub's certificate");
        }

        using var wrong = hub.OpenChannel(HubCertificate(hub));
        await AssertRefusedAsync(wrong, For("kim", new Cell(1, 2), Role.Admin), StatusCode.FailedPrecondition, "leads cell 2/2; cell 1/2 was meant");
        await AssertRefusedAsync(wrong, new Metadata { { "synchub-caller-bin", [255, 255, 255] } }, StatusCode.InvalidArgument, "cannot be read");
        await AssertRefusedAsync(wrong, [], StatusCode.Unauthenticated, "Sign in");
        var knows = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Cells.CellsClient(wrong).KnowsAsync(new KnowsRequest(), hub.Admin));
        Assert.Equal(StatusCode.Unauthenticated, knows.StatusCode); // a user's token is no hub's certificate
    }

    [Fact]
    public async Task In_a_chain_of_one_cell_no_hub_calls_for_others()
    {
        await using var hub = await StartAsync(Cell.Only);
        using var channel = hub.OpenChannel(HubCertificate(hub));
        await AssertRefusedAsync(channel, For("kim", Cell.Only, Role.Admin), StatusCode.Unauthenticated, "shows no hub's certificate");
    }

    [Fact]
    public async Task A_stream_or_certificate_of_another_cell_is_refused()
    {
        await using var hub = await StartAsync(Second);
        var machine = new Machine();
        var enrolled = await machine.EnrolAsync(hub, (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode);
        Assert.Equal((2, 2, 2), (enrolled.Cell, enrolled.Cells, new Incarnation(enrolled.Incarnation).Cell));
        foreach (var said in new[] { new Cell(0, 0), new Cell(1, 2), new Cell(2, 3) })
        {
            using var channel = hub.OpenChannel(machine.Certificate);
            using var call = new V1.Sync.SyncClient(channel).Link();
            await call.RequestStream.WriteAsync(new AgentFrame { Hello = new Hello { Store = enrolled.Store, Incarnation = enrolled.Incarnation, Cell = said.Number, Cells = said.Count, Nonce = ByteString.CopyFrom(new byte[16]) } });
            var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
            Assert.Contains("This hub leads cell 2/2, the agent means cell", refused.Status.Detail, StringComparison.Ordinal);
        }

        // One authority vouches for the stores of all cells: the certificate itself says of which it is.
        var authority = CertificateAuthority.Open(hub.Folder, TimeProvider.System, TimeSpan.FromDays(1));
        var other = new Machine();
        other.Take(ByteString.CopyFrom(authority.IssueStore(CertificateForms.ReadRequest(other.Request.ToByteArray()), new Holder(new StoreId(enrolled.Store), Incarnation.First(1, 1)), 0)));
        using var line = hub.OpenChannel(other.Certificate);
        using var stream = new V1.Sync.SyncClient(line).Link();
        var away = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Contains("is of cell 1, this hub leads cell 2/2", away.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_keeps_the_cell_that_it_was_installed_as()
    {
        var folder = Directory.CreateTempSubdirectory("cell").FullName;
        try
        {
            HubSetup.Init(folder, [], TimeProvider.System.GetUtcNow());
            var options = new HubOptions { DataDirectory = folder, GrpcPort = 0, HttpPort = 0, Partitions = 8, Cell = Second };
            await (await HubHost.StartAsync(options, null, CancellationToken.None)).DisposeAsync();
            foreach (var other in new[] { Cell.Only, new Cell(1, 2), new Cell(2, 3) })
            {
                var refused = await Assert.ThrowsAsync<ArgumentException>(() => HubHost.StartAsync(options with { Cell = other }, null, CancellationToken.None));
                Assert.Contains("installed as cell 2/2", refused.Message, StringComparison.Ordinal);
            }

            Assert.NotEmpty((options with { Cell = new Cell(3, 2) }).FindFaults());
            Assert.NotEmpty((options with { InsecureLoopback = true }).FindFaults());
            Assert.NotEmpty((options with { CellHubs = ["https://a:7400"] }).FindFaults());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_member_whom_headquarters_creates_is_in_the_cell_of_the_hub()
    {
        await using var hub = await StartAsync(Second);
        for (var i = 0; i < 8; i++)
        {
            var made = await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Ann" } }, hub.Admin);
            Assert.True(MemberId.TryParse(made.MemberId, out var id) && Second.Has(id));
        }
    }

    private static Task<HubFixture> StartAsync(Cell cell) => HubFixture.StartAsync(options =>
    {
        HubSetup.Init(options.DataDirectory, [], TimeProvider.System.GetUtcNow());
        return options with { InsecureLoopback = false, Cell = cell };
    });

    private static X509Certificate2 HubCertificate(HubFixture hub) => CertificateAuthority.Open(hub.Folder, TimeProvider.System, TimeSpan.FromDays(1)).Hub;

    private static Metadata For(string name, Cell meant, Role role)
    {
        var caller = new CellCaller { Cell = meant.Number, Cells = meant.Count, Name = name, Role = role, From = "10.1.2.3" };
        caller.Permissions.AddRange(Doors.Roles.PermissionsOf(role));
        return new Metadata { { "synchub-caller-bin", caller.ToByteArray() } };
    }

    private static async Task AssertRefusedAsync(Grpc.Net.Client.GrpcChannel channel, Metadata headers, StatusCode code, string why)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), headers));
        Assert.Equal(code, refused.StatusCode);
        Assert.Contains(why, refused.Status.Detail, StringComparison.Ordinal);
    }
}
