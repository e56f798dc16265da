using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Hub;
using SyncHub.V1;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>The link between agent and hub over TLS, with an authority of the chain's own.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tls").FullName;

    [Fact]
    public async Task An_agent_speaks_only_to_the_hub_that_its_authority_vouches_for()
    {
        var certificate = WriteCertificate("hub");
        var stranger = WriteCertificate("stranger");
        await using var hub = await HubHost.StartAsync(new HubOptions { DataDirectory = Path.Combine(_folder, "data"), GrpcPort = 0, HttpPort = 0, CertificatePath = certificate, KeyPath = Path.Combine(_folder, "hub.key") }, null, CancellationToken.None);
        var address = $"https://127.0.0.1:{hub.GrpcPort}";
        var code = await CreateStoreAsync(address, certificate);
        var store = Directory.CreateDirectory(Path.Combine(_folder, "store")).FullName;

        await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.EnrolAsync(store, address, stranger, code));
        await AgentHost.EnrolAsync(store, address, certificate, code);
        await using var agent = await AgentHost.StartAsync(new AgentOptions { DataDirectory = store, HubAddress = address, CaCertificateFile = certificate }, NullLoggerFactory.Instance);

        await Until.TrueAsync(() => Task.FromResult(agent.IsOnline), "the store is online over TLS");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<string> CreateStoreAsync(string address, string certificate)
    {
        var handler = GrpcHttpHandler.Create();
        using var trusted = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(certificate));
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented is X509Certificate2 given && given.Thumbprint == trusted.Thumbprint;
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        var admin = new Metadata { { "authorization", "Bearer " + await File.ReadAllTextAsync(Path.Combine(_folder, "data", "admin.token")) } };
        return (await new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest(), admin)).EnrolmentCode;
    }

    private string WriteCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(2));
        var path = Path.Combine(_folder, name + ".pem");
        File.WriteAllText(path, certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, name + ".key"), key.ExportPkcs8PrivateKeyPem());
        return path;
    }
}
