using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>A Ruby process with the official gRPC of that language. Ends with its owner.</summary>
public sealed class RubyPeer : IAsyncDisposable
{
    private const string HowToInstall = "Ruby with its gRPC is needed for this test; run tests/Grpc/install-peers.sh";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("grpc-peer-");
    private Process? _process;

    /// <summary>Starts a script; the certificate, if any, is the server's, whichever side that is.</summary>
    public async Task<StreamReader> StartAsync(string script, X509Certificate2? certificate, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("ruby", [Path.Combine(AppContext.BaseDirectory, "Peers", script)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LANG"] = "C.UTF-8";
        start.Environment["ECHO_DESCRIPTOR"] = await WriteAsync("echo.pb", EchoReflection.Descriptor.SerializedData.ToByteArray());
        if (certificate is not null)
        {
            start.Environment["ECHO_CERTIFICATE"] = await WriteAsync("certificate.pem", System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            _process = Process.Start(start);
        }
        catch (Win32Exception exception)
        {
            Assert.Fail($"{HowToInstall} ({exception.Message})");
        }

        return _process!.StandardOutput;
    }

    /// <summary>Starts the echo server and returns its port.</summary>
    public async Task<int> StartServerAsync(X509Certificate2? certificate)
    {
        List<(string Name, string Value)> environment = [];
        if (certificate is not null)
        {
            using var key = certificate.GetECDsaPrivateKey()!;
            environment.Add(("ECHO_KEY", await WriteAsync("key.pem", System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()))));
        }

        var output = await StartAsync("echo_server.rb", certificate, [.. environment]);
        var line = await output.ReadLineAsync().Happens("the port of the Ruby server");
        if (line is null || !line.StartsWith("port ", StringComparison.Ordinal))
        {
            Assert.Fail(await ExplainAsync());
        }

        return int.Parse(line.AsSpan("port ".Length), CultureInfo.InvariantCulture);
    }

    /// <summary>What the process said about its failure.</summary>
    public async Task<string> ExplainAsync() =>
        $"{HowToInstall}. Ruby said: {await _process!.StandardError.ReadToEndAsync().Happens("the end of Ruby's error output")}";

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            // The server takes the end of its input as the sign to leave; a client has left by itself.
            _process.StandardInput.Close();
            if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            {
                _process.Kill(entireProcessTree: true);
            }

            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _directory.Delete(recursive: true);
    }

    private async Task<string> WriteAsync(string name, byte[] content)
    {
        var path = Path.Combine(_directory.FullName, name);
        await File.WriteAllBytesAsync(path, content);
        return path;
    }
}
