using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>Attacks on what the cells of a chain let each other do: beside <see cref="CellDoorTests"/> those by certificates, words and answers that are nearly right.</summary>
public sealed class CellAttackTests
{
    private static readonly Cell First = new(1, 2);
    private static readonly Cell Second = new(2, 2);

    [Fact]
    public async Task A_hubs_certificate_opens_no_door_of_the_stores()
    {
        await using var hub = await StartAsync(Second);
        using var channel = hub.OpenChannel(HubCertificate(hub.Folder));
        using var link = new V1.Sync.SyncClient(channel).Link();
        var refused = await Assert.ThrowsAsync<RpcException>(() => link.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
        Assert.Contains("certificate is not", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hubs_certificate_that_has_ended_or_not_begun_calls_for_nobody()
    {
        await using var hub = await StartAsync(Second);
        using var authority = AuthorityWithKey(hub.Folder);
        using var key = CertificateForms.NewKey();
        var now = TimeProvider.System.GetUtcNow();
        foreach (var (since, life, isGood) in new[] { (now, -TimeSpan.FromMinutes(1), false), (now, TimeSpan.FromDays(1), true), (now.AddDays(30), TimeSpan.FromDays(1), false) })
        {
            using var issued = CertificateForms.Hub(authority, new PublicKey(key), CertificateForms.NamesOfHub([]), since, life);
            using var channel = hub.OpenChannel(issued.CopyWithPrivateKey(key));
            var asked = new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), For("kim", Second)).ResponseAsync;
            if (isGood)
            {
                await asked;
                continue;
            }

            Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => asked)).StatusCode);
        }
    }

    // Of a request for a certificate the key counts alone: who the holder is, and for what he may use it, the hub writes.
    [Fact]
    public async Task A_store_that_asks_for_a_hubs_names_in_its_request_gets_a_stores_certificate()
    {
        await using var hub = await StartAsync(Second);
        using var key = CertificateForms.NewKey();
        var wish = new CertificateRequest("CN=SyncHub hub", key, HashAlgorithmName.SHA256);
        foreach (var extension in HubCertificate(hub.Folder).Extensions)
        {
            wish.CertificateExtensions.Add(extension);
        }

        var code = (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode;
        var enrolled = await new Enrolment.EnrolmentClient(hub.Channel).EnrolAsync(new EnrolRequest
        {
            Code = EnrolmentCode.TryParse(code)!.Secret,
            CertificateRequest = ByteString.CopyFrom(wish.CreateSigningRequest()),
            Cell = 2,
            Cells = 2,
        });
        using var got = X509CertificateLoader.LoadCertificate(enrolled.Certificate.Span);
        Assert.False(CertificateNames.IsHub(got));
        using var channel = hub.OpenChannel(got.CopyWithPrivateKey(key));
        await AssertRefusedAsync(channel, For("kim", Second), StatusCode.Unauthenticated);
    }

    [Fact]
    public async Task Whoever_is_signed_in_is_nobody_else_by_saying_so()
    {
        await using var hub = await StartAsync(Second);
        var auditor = await hub.TokenAsync("auditor", Doors.Roles.PermissionsOf(Role.Auditor));
        var both = For("kim", Second);
        both.Add(auditor[0]);
        await AssertRefusedAsync(hub.Channel, both, StatusCode.Unauthenticated);
        var denied = await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), both));
        Assert.Equal(StatusCode.Unauthenticated, denied.StatusCode);

        using var handler = HubTrust.FromFile(HubSetup.AuthorityFile(hub.Folder)).CreateHandler();
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{hub.HttpPort}/api/stores");
        request.Headers.Add("authorization", auditor[0].Value);
        using var allowed = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        using var again = new HttpRequestMessage(HttpMethod.Get, request.RequestUri);
        again.Headers.Add("authorization", auditor[0].Value);
        again.Headers.Add("synchub-caller-bin", Convert.ToBase64String(both[0].ValueBytes));
        using var answer = await http.SendAsync(again);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Who_calls_for_two_at_once_calls_for_nobody()
    {
        await using var hub = await StartAsync(Second);
        using var channel = hub.OpenChannel(HubCertificate(hub.Folder));
        var two = For("kim", Second);
        two.Add(For("lee", Second)[0]);
        await AssertRefusedAsync(channel, two, StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task A_part_of_a_code_is_good_in_its_own_cell_alone_and_once()
    {
        await using var first = await StartAsync(First);
        await using var second = await HubFixture.StartAsync(options =>
        {
            HubSetup.ShareAuthority(options.DataDirectory, first.Folder);
            HubSetup.Init(options.DataDirectory, [], TimeProvider.System.GetUtcNow());
            return options with { InsecureLoopback = false, Cell = Second };
        });
        var ofFirst = (await first.Stores.CreateStoreAsync(new CreateStoreRequest { Store = 7 }, first.Admin)).EnrolmentCode;
        var ofSecond = (await second.Stores.CreateStoreAsync(new CreateStoreRequest { Store = 7 }, second.Admin)).EnrolmentCode;
        var machine = new Machine();
        await AssertNoCodeAsync(() => machine.EnrolAsync(second, ofFirst)); // one authority: its fingerprint cannot tell them apart
        await AssertNoCodeAsync(() => machine.EnrolAsync(first, ofSecond));
        Assert.Equal((7, 1), ((await machine.EnrolAsync(first, ofFirst)).Store, (await machine.EnrolAsync(second, ofSecond)).Store - 6));
        await AssertNoCodeAsync(() => new Machine().EnrolAsync(first, ofFirst));
        await AssertNoCodeAsync(() => new Machine().EnrolAsync(second, ofSecond));
    }

    // For whom he calls tells a name and an address; neither goes to a stranger, and nothing that a stranger says is taken for the other cell's answer.
    [Fact]
    public async Task A_stranger_at_the_address_of_another_cells_hub_is_told_and_believed_nothing()
    {
        await using var fake = await FakeCell.StartAsync();
        await using var stranger = await StartAsync(Second);
        await using var hub = await StartFirstAsync(fake);
        var store = new Machine();
        var authority = CertificateAuthority.Open(hub.Folder, TimeProvider.System, TimeSpan.FromDays(1));
        store.Take(ByteString.CopyFrom(authority.IssueStore(CertificateForms.ReadRequest(store.Request.ToByteArray()), new Holder(new StoreId(1), Incarnation.First(1, 2)), 0)));
        foreach (var certificate in new[] { HubCertificate(stranger.Folder), store.Certificate })
        {
            fake.Certificate = certificate;
            var away = await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin));
            Assert.Equal((StatusCode.Unavailable, Reason.CellAway), (away.StatusCode, RpcFault.ReasonOf(away)));
        }

        Assert.False(fake.WasTold);
        fake.Certificate = HubCertificate(hub.Folder);
        await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin); // whom it takes for the other cell's hub
        Assert.True(fake.WasTold);
    }

    [Fact]
    public async Task An_answer_of_another_cell_that_is_too_large_fails_the_call_and_harms_nobody()
    {
        await using var fake = await FakeCell.StartAsync();
        await using var hub = await StartFirstAsync(fake);
        fake.Certificate = HubCertificate(hub.Folder);
        fake.Stores.Stores.Add(Enumerable.Range(1, 50_000).Select(number => new StoreState { Store = number, Name = new string('x', 100) }));
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress($"https://127.0.0.1:{hub.GrpcPort}", new Grpc.Net.Client.GrpcChannelOptions
        {
            HttpHandler = HubTrust.FromFile(HubSetup.AuthorityFile(hub.Folder)).CreateHandler(),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null, // the hub has to refuse it, not who asks the hub
        });
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), hub.Admin));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Contains("Received message exceeds", refused.Status.Detail, StringComparison.Ordinal); // by this hub, before it has read it

        fake.Stores = new ListStoresResponse { Stores = { new StoreState { Store = 9 } } };
        Assert.Equal(9, Assert.Single((await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores).Store);
    }

    private static Task<HubFixture> StartFirstAsync(FakeCell other) => HubFixture.StartAsync(options =>
    {
        HubSetup.Init(options.DataDirectory, [], TimeProvider.System.GetUtcNow());
        return options with { InsecureLoopback = false, Cell = First, CellHubs = ["here", other.Address] };
    });

    private static Task<HubFixture> StartAsync(Cell cell) => HubFixture.StartAsync(options =>
    {
        HubSetup.Init(options.DataDirectory, [], TimeProvider.System.GetUtcNow());
        return options with { InsecureLoopback = false, Cell = cell };
    });

    private static X509Certificate2 HubCertificate(string folder) => CertificateAuthority.Open(folder, TimeProvider.System, TimeSpan.FromDays(1)).Hub;

    private static X509Certificate2 AuthorityWithKey(string folder) =>
        X509Certificate2.CreateFromPemFile(HubSetup.AuthorityFile(folder), Path.Combine(CertificateAuthority.FolderOf(folder), "authority.key"));

    private static Metadata For(string name, Cell meant)
    {
        var caller = new CellCaller { Cell = meant.Number, Cells = meant.Count, Name = name, Role = Role.Admin, From = "10.1.2.3" };
        caller.Permissions.AddRange(Doors.Roles.PermissionsOf(Role.Admin));
        return new Metadata { { "synchub-caller-bin", caller.ToByteArray() } };
    }

    private static async Task AssertRefusedAsync(Grpc.Net.Client.GrpcChannel channel, Metadata headers, StatusCode code)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), headers));
        Assert.Equal(code, refused.StatusCode);
    }

    private static async Task AssertNoCodeAsync(Func<Task> enrol)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(enrol);
        Assert.NotEqual(StatusCode.OK, refused.StatusCode);
        Assert.Contains("code", refused.Status.Detail, StringComparison.OrdinalIgnoreCase);
    }
}
