using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Standard;
using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>The key of a hub is stolen, certificate and all: who takes the thief for the hub, and until when. All over real TLS.</summary>
public sealed class HubKeysTests
{
    private static readonly Cell First = new(1, 2);
    private static readonly Cell Second = new(2, 2);

    [Fact]
    public async Task A_store_that_is_connected_hears_at_once_that_keys_were_revoked_and_keeps_it()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var thief = await FakeCell.StartAsync();
        thief.Certificate = HubCertificate(hub.Folder);
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        var floor = FloorAt(hub);
        Assert.Equal("", await ShakeHandsAsync(hub, thief.Address, floor)); // before: nobody can tell them apart

        await RevokeAsync(hub);
        var told = await store.ReadUntilAsync(frame => frame.HubCertificate is not null, "the hub's new certificate");
        Assert.True(TrustOf(hub, floor).Learn(told.HubCertificate.Certificate.Span));
        Assert.Contains("headquarters made all void", await ShakeHandsAsync(hub, thief.Address, floor), StringComparison.Ordinal);
        Assert.Contains("headquarters made all void", await ShakeHandsAsync(hub, thief.Address, FloorAt(hub)), StringComparison.Ordinal); // after a start, from the file
        Assert.Equal("", await ShakeHandsAsync(hub, AddressOf(hub), floor));
        await store.LogAsync(Core.Ops.OpType.RegisterMember, MemberId.Create(1_700_000_000_000, new byte[10])); // the line that is up goes on
    }

    [Fact]
    public async Task A_store_that_was_away_hears_it_in_the_handshake_when_it_meets_the_hub_again()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var thief = await FakeCell.StartAsync();
        thief.Certificate = HubCertificate(hub.Folder);
        await RevokeAsync(hub);
        var floor = FloorAt(hub);
        Assert.Equal("", await ShakeHandsAsync(hub, AddressOf(hub), floor));
        Assert.Contains("headquarters made all void", await ShakeHandsAsync(hub, thief.Address, floor), StringComparison.Ordinal);
    }

    // Whoever met no hub since takes the thief for one as long as the certificate lasts, and a clock may be a week wrong. Who knows the time, two days.
    [Theory]
    [InlineData(9, false, true)]
    [InlineData(11, false, false)]
    [InlineData(1, true, true)]
    [InlineData(3, true, false)]
    public async Task Whoever_has_not_heard_of_it_takes_the_thief_for_the_hub_for_a_few_days_at_most(int days, bool demandsFresh, bool isTaken)
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var thief = await FakeCell.StartAsync();
        thief.Certificate = HubCertificate(hub.Folder);
        await RevokeAsync(hub);
        var time = new ShiftedTime();
        time.Forward(TimeSpan.FromDays(days));
        using var authority = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(HubSetup.AuthorityFile(hub.Folder)));
        Assert.Equal(isTaken, await ShakeHandsAsync(new HubTrust(authority, time, FloorAt(hub)) { DemandsFresh = demandsFresh }, thief.Address) == "");
    }

    [Fact]
    public async Task Nobody_but_the_authority_makes_keys_void()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var stranger = await HubFixture.StartSecureAsync();
        await RevokeAsync(stranger);
        var floor = FloorAt(hub);
        var trust = TrustOf(hub, floor);
        Assert.False(trust.Learn(HubCertificate(stranger.Folder).RawData));
        Assert.False(trust.Learn([1, 2, 3]));
        Assert.False(trust.Learn([]));
        Assert.Equal(0, floor.VoidBeforeMs);
        var manager = await hub.TokenAsync("manager", Doors.Roles.PermissionsOf(Role.Finance));
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new Hubs.HubsClient(hub.Channel).RevokeKeysAsync(new RevokeKeysRequest { Approver = "kim" }, manager));
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        var future = await Assert.ThrowsAsync<RpcException>(async () => await new Hubs.HubsClient(hub.Channel).RevokeKeysAsync(new RevokeKeysRequest { Approver = "kim", VoidBeforeMs = long.MaxValue }, hub.Admin));
        Assert.Equal(StatusCode.InvalidArgument, future.StatusCode);
        Assert.Contains((await hub.AuditAsync(new ListAuditRequest { What = "Hubs/RevokeKeys" })).Select(entry => entry.Outcome), outcome => outcome == "denied");
    }

    [Fact]
    public async Task The_hub_of_another_cell_refuses_a_stolen_key_at_once_also_on_a_connection_that_is_up()
    {
        await using var hub = await StartAsync(Second);
        using var channel = hub.OpenChannel(HubCertificate(hub.Folder));
        var stores = new V1.Stores.StoresClient(channel);
        await stores.ListStoresAsync(new ListStoresRequest(), ForKim(Second));
        await RevokeAsync(hub);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await stores.ListStoresAsync(new ListStoresRequest(), ForKim(Second)));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);

        using var again = hub.OpenChannel(HubCertificate(hub.Folder)); // a hub with a new one
        await new V1.Stores.StoresClient(again).ListStoresAsync(new ListStoresRequest(), ForKim(Second));
    }

    [Fact]
    public async Task A_hub_takes_over_what_the_certificate_of_another_cells_hub_makes_void()
    {
        await using var hub = await StartAsync(Second);
        var stolen = HubCertificate(hub.Folder);
        var elsewhere = Directory.CreateTempSubdirectory("first-cell").FullName;
        HubSetup.ShareAuthority(elsewhere, hub.Folder);
        HubSetup.Init(elsewhere, [], TimeProvider.System.GetUtcNow());
        var first = CertificateAuthority.Open(elsewhere, TimeProvider.System, TimeSpan.FromDays(1));
        first.Raise(first.NextVoidMs());

        using (var channel = hub.OpenChannel(first.Hub))
        {
            await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), ForKim(Second));
        }

        using var thief = hub.OpenChannel(stolen);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(async () => await new V1.Stores.StoresClient(thief).ListStoresAsync(new ListStoresRequest(), ForKim(Second)))).StatusCode);
        Assert.Equal(first.VoidBeforeMs, CertificateNames.ReadGiven(HubCertificate(hub.Folder)).VoidBeforeMs);
        Directory.Delete(elsewhere, recursive: true);
    }

    [Fact]
    public async Task The_first_cells_hub_tells_the_others_says_whom_it_missed_and_speaks_to_none_with_a_void_certificate()
    {
        await using var fake = await FakeCell.StartAsync();
        await using var hub = await HubFixture.StartAsync(options =>
        {
            HubSetup.Init(options.DataDirectory, [], TimeProvider.System.GetUtcNow());
            return options with { InsecureLoopback = false, Cell = First, CellHubs = ["here", fake.Address] };
        });
        fake.Certificate = HubCertificate(hub.Folder);
        await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin);
        var done = await RevokeAsync(hub); // it knows no such method, as a hub of before
        Assert.StartsWith("cell 2", Assert.Single(done.Missed), StringComparison.Ordinal);

        var away = await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin));
        Assert.Equal(Reason.CellAway, RpcFault.ReasonOf(away));
        Assert.Contains("headquarters made all void", away.Status.Detail, StringComparison.Ordinal);
        fake.Certificate = HubCertificate(hub.Folder);
        await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin);
    }

    [Fact]
    public async Task A_hub_that_starts_with_a_certificate_of_before_gets_a_new_one_by_what_its_journal_says()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var path = Path.Combine(CertificateAuthority.FolderOf(hub.Folder), "hub.key");
        var stolen = await File.ReadAllBytesAsync(path);
        var done = await RevokeAsync(hub);
        Assert.NotEqual(stolen, await File.ReadAllBytesAsync(path));
        await hub.RestartAsync(_ =>
        {
            PrivateFile.Write(path, stolen);
            return Task.CompletedTask;
        });
        Assert.Equal(done.VoidBeforeMs, CertificateNames.ReadGiven(HubCertificate(hub.Folder)).VoidBeforeMs);

        HubSetup.Init(hub.Folder, ["hub.example"], TimeProvider.System.GetUtcNow()); // other names: what is void stays so
        Assert.Equal(done.VoidBeforeMs, CertificateNames.ReadGiven(HubCertificate(hub.Folder)).VoidBeforeMs);
    }

    [Fact]
    public void A_certificate_that_would_make_itself_void_makes_none_void()
    {
        using var key = CertificateForms.NewKey();
        using var authority = CertificateForms.Authority(key, TimeProvider.System.GetUtcNow());
        using var signing = authority.HasPrivateKey ? authority : authority.CopyWithPrivateKey(key);
        using var odd = CertificateForms.Hub(signing, new PublicKey(key), CertificateForms.NamesOfHub([], givenMs: 5, voidBeforeMs: 6), TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1));
        Assert.Equal(0, CertificateNames.ReadGiven(odd).VoidBeforeMs);
    }

    private static Task<HubFixture> StartAsync(Cell cell) => HubFixture.StartAsync(options =>
    {
        HubSetup.Init(options.DataDirectory, [], TimeProvider.System.GetUtcNow());
        return options with { InsecureLoopback = false, Cell = cell };
    });

    private static async Task<RevokeKeysResponse> RevokeAsync(HubFixture hub) => await new Hubs.HubsClient(hub.Channel).RevokeKeysAsync(new RevokeKeysRequest { Approver = "eve" }, hub.Admin);

    private static X509Certificate2 HubCertificate(string folder) => CertificateAuthority.Open(folder, TimeProvider.System, TimeSpan.FromDays(1)).Hub;

    private static string AddressOf(HubFixture hub) => $"https://127.0.0.1:{hub.GrpcPort}";

    private static HubFloorFile FloorAt(HubFixture hub) => new(Path.Combine(hub.Folder, "a-stores.floor"), static (path, bytes) => PrivateFile.Write(path, bytes));

    private static HubTrust TrustOf(HubFixture hub, IHubFloor floor) => new(X509Certificate2.CreateFromPem(File.ReadAllText(HubSetup.AuthorityFile(hub.Folder))), TimeProvider.System, floor);

    private static Task<string> ShakeHandsAsync(HubFixture hub, string address, IHubFloor floor) => ShakeHandsAsync(TrustOf(hub, floor), address);

    private static async Task<string> ShakeHandsAsync(HubTrust trust, string address)
    {
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = trust.CreateHandler(), DisposeHttpClient = true });
        try
        {
            await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());
        }
        catch (RpcException) when (trust.Refusal.Length > 0)
        {
            // As the refusal says.
        }

        return trust.Refusal;
    }

    private static Metadata ForKim(Cell meant)
    {
        var caller = new CellCaller { Cell = meant.Number, Cells = meant.Count, Name = "kim", Role = Role.Admin, From = "10.1.2.3" };
        caller.Permissions.AddRange(Doors.Roles.PermissionsOf(Role.Admin));
        return new Metadata { { "synchub-caller-bin", caller.ToByteArray() } };
    }
}
