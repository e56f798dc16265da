using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.AspNetCore.Server;
using Grpc.HealthCheck;
using Grpc.Net.Client;
using Grpc.Standard;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SyncHub.Grpc.Tests;

/// <summary>A real server on a free port of loopback, for one test.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly X509Certificate2? _certificate;
    private readonly List<GrpcChannel> _channels = [];

    private TestServer(WebApplication app, X509Certificate2? certificate, CollectingLoggerProvider logs)
    {
        _app = app;
        _certificate = certificate;
        Logs = logs;
        Events = app.Services.GetRequiredService<ServerEvents>();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Port = new Uri(address).Port;
        Address = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(certificate is null ? "http" : "https")}://localhost:{Port}");
    }

    public string Address { get; }

    public int Port { get; }

    public X509Certificate2? Certificate => _certificate;

    public ServerEvents Events { get; }

    public HealthServiceImpl Health => _app.Services.GetRequiredService<HealthServiceImpl>();

    public CollectingLoggerProvider Logs { get; }

    public static async Task<TestServer> StartAsync(bool isEncrypted = false, Action<GrpcServiceOptions>? configure = null, Action<KestrelServerOptions>? kestrel = null, HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var logs = new CollectingLoggerProvider();
        builder.Logging.ClearProviders().AddProvider(logs);
        var certificate = isEncrypted ? NewCertificate() : null;
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.ConfigureForGrpc();
            kestrel?.Invoke(options);
            options.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }
            });
        });
        builder.Services.AddSingleton<ServerEvents>();
        builder.Services.AddStandardServices(withReflection: true);
        builder.Services.AddGrpc(options => configure?.Invoke(options));
        var app = builder.Build();
        app.MapGrpcService<EchoService>();
        app.MapStandardServices(withReflection: true);
        await app.StartAsync();
        return new TestServer(app, certificate, logs);
    }

    public Echo.EchoClient Client(Action<GrpcChannelOptions>? configure = null) => new(Channel(configure));

    public GrpcChannel Channel(Action<GrpcChannelOptions>? configure = null)
    {
        var handler = GrpcHttpHandler.Create();
        handler.SslOptions.RemoteCertificateValidationCallback = IsTrusted;
        var options = new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true };
        configure?.Invoke(options);
        var channel = GrpcChannel.ForAddress(Address, options);
        _channels.Add(channel);
        return channel;
    }

    /// <summary>Stops listening and ends when every call has.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>Stops without waiting for the calls in flight.</summary>
    public Task AbortAsync() => _app.StopAsync(new CancellationToken(canceled: true));

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
        {
            channel.Dispose();
        }

        await _app.DisposeAsync();
        _certificate?.Dispose();
    }

    public static X509Certificate2 NewCertificate(string name = "localhost")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null && _certificate is not null && certificate.GetCertHashString() == _certificate.GetCertHashString();
}
