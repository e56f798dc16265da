using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Standard;
using SyncHub.Hub.Certificates;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>What the hub that leads makes of a call that was forwarded, or says so.</summary>
public sealed class ForwardedTests
{
    private const string Header = "synchub-forwarded-bin";

    [Fact]
    public async Task Nobody_but_a_hub_of_the_chain_forwards()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        await using var stranger = await HubFixture.StartSecureAsync();
        var (victim, thief) = (await EnrolAsync(hub), await EnrolAsync(hub));
        foreach (var shown in new[] { null, thief.Certificate, HubCertificate(stranger) })
        {
            using var channel = hub.OpenChannel(shown);
            var refused = await LinkAsync(channel, As(victim.Certificate), victim.Store);
            Assert.Equal((StatusCode.Unavailable, "FORWARDER_UNKNOWN"), (refused!.StatusCode, RpcFault.ReasonOf(refused)));
        }
    }

    [Fact]
    public async Task Who_is_forwarded_is_judged_as_if_he_had_called_himself()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        var (store, other) = (await EnrolAsync(hub), await EnrolAsync(hub));
        using var channel = hub.OpenChannel(HubCertificate(hub));
        Assert.Null(await LinkAsync(channel, As(store.Certificate), store.Store));
        Assert.Equal(StatusCode.PermissionDenied, (await LinkAsync(channel, As(store.Certificate), other.Store))!.StatusCode);

        // Over the same connection nobody is whoever was forwarded before him, and nobody is the hub.
        foreach (var shown in new[] { null, HubCertificate(hub) })
        {
            Assert.Equal(StatusCode.Unauthenticated, (await LinkAsync(channel, As(shown), store.Store))!.StatusCode);
        }

        Assert.Equal(StatusCode.Unauthenticated, (await LinkAsync(channel, [], store.Store))!.StatusCode);
        var anonymous = await Assert.ThrowsAsync<RpcException>(async () => await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), As(null)));
        Assert.Equal(StatusCode.Unauthenticated, anonymous.StatusCode);

        await hub.Stores.RevokeCertificateAsync(new RevokeCertificateRequest { Store = store.Store }, hub.Admin);
        Assert.Contains("revoked", (await LinkAsync(channel, As(store.Certificate), store.Store))!.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_trail_has_the_callers_address_and_not_the_hubs()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        using var channel = hub.OpenChannel(HubCertificate(hub));
        await new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest(), [.. As(null), .. hub.Admin]);
        Assert.Equal("10.9.8.7", Assert.Single(await hub.AuditAsync(), entry => entry.What == "Stores/CreateStore").From);
    }

    [Fact]
    public async Task A_hub_that_forwards_for_the_hub_of_another_cell_adds_nothing_of_its_own()
    {
        var second = new Core.Primitives.Cell(2, 2);
        await using var hub = await HubFixture.StartAsync(options =>
        {
            HubSetup.Init(options.DataDirectory, [], TimeProvider.System.GetUtcNow());
            return options with { InsecureLoopback = false, Cell = second };
        });
        using var channel = hub.OpenChannel(HubCertificate(hub));
        var kim = new Metadata { { "synchub-caller-bin", new CellCaller { Cell = 2, Cells = 2, Name = "kim", Role = Role.Admin, Permissions = { Permission.StoresRead } }.ToByteArray() } };
        var asked = new V1.Stores.StoresClient(channel);
        Assert.Empty((await asked.ListStoresAsync(new ListStoresRequest(), [.. kim, .. As(HubCertificate(hub))])).Stores);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await asked.ListStoresAsync(new ListStoresRequest(), [.. kim, .. As(null)]));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    [Fact]
    public async Task What_cannot_be_read_is_refused()
    {
        await using var hub = await HubFixture.StartSecureAsync();
        using var channel = hub.OpenChannel(HubCertificate(hub));
        foreach (var said in new byte[][] { [255, 255, 255], new Forwarded { Certificate = ByteString.CopyFrom(1, 2, 3) }.ToByteArray() })
        {
            Assert.Equal(StatusCode.InvalidArgument, (await LinkAsync(channel, new Metadata { { Header, said } }, 1))!.StatusCode);
        }
    }

    [Fact]
    public async Task Without_certificates_nothing_is_forwarded()
    {
        await using var hub = await HubFixture.StartAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest(), [.. hub.Admin, .. As(null)]));
        Assert.Equal("FORWARDER_UNKNOWN", RpcFault.ReasonOf(refused));
    }

    // Why the stream was refused; null where it was taken.
    private static async Task<RpcException?> LinkAsync(GrpcChannel channel, Metadata headers, int store)
    {
        try
        {
            using var call = new V1.Sync.SyncClient(channel).Link(headers);
            await call.RequestStream.WriteAsync(new AgentFrame { Hello = new Hello { Store = store, Incarnation = 1, Nonce = ByteString.CopyFrom(new byte[16]) } });
            return await call.ResponseStream.MoveNext(CancellationToken.None) ? null : throw new InvalidOperationException("The hub said nothing.");
        }
        catch (RpcException fault)
        {
            return fault;
        }
    }

    private static async Task<(X509Certificate2? Certificate, int Store)> EnrolAsync(HubFixture hub)
    {
        var machine = new Machine();
        var enrolled = await machine.EnrolAsync(hub, (await hub.Stores.CreateStoreAsync(new CreateStoreRequest(), hub.Admin)).EnrolmentCode);
        return (machine.Certificate, enrolled.Store);
    }

    private static Metadata As(X509Certificate2? shown) =>
        new() { { Header, new Forwarded { Certificate = shown is null ? ByteString.Empty : ByteString.CopyFrom(shown.RawData), From = "10.9.8.7" }.ToByteArray() } };

    private static X509Certificate2 HubCertificate(HubFixture hub) => CertificateAuthority.Open(hub.Folder, TimeProvider.System, TimeSpan.FromDays(1)).Hub;
}
