using System.Globalization;
using System.Net;
using Grpc.Net.Client;
using SyncHub.GrpcBench.Load;

namespace SyncHub.GrpcBench.Measure;

/// <summary>The programs of one run: two servers, and a loader for each pair of loader and server, all started once, so that everything is warm.</summary>
internal sealed class Programs : IAsyncDisposable
{
    private readonly Dictionary<Peer, (Child Process, int Port)> _servers = [];
    private readonly Dictionary<(Peer Loader, Peer Server), Child> _loaders = [];
    private readonly HttpMessageInvoker _http = new(GrpcHttpHandler.Create());
    private readonly Dictionary<Peer, string> _paths = [];

    /// <summary>The programs and the first of two free ports.</summary>
    public Programs(string? cpp, int firstPort)
    {
        _paths[Peer.Ours] = Environment.ProcessPath!;
        if (cpp is not null)
        {
            _paths[Peer.Cpp] = cpp;
        }

        FirstPort = firstPort;
    }

    private int FirstPort { get; }

    /// <summary>Whether both sides are there.</summary>
    public bool Has(Pair pair) => _paths.ContainsKey(pair.Server) && (pair.Loader == Peer.H2Load ? H2Load.IsThere : _paths.ContainsKey(pair.Loader));

    /// <summary>Measures once.</summary>
    public async Task<Measurement> MeasureAsync(Work work, Pair pair, double seconds)
    {
        var (server, port) = await ServerAsync(pair.Server);
        var loader = pair.Loader == Peer.H2Load ? null : await LoaderAsync(pair);
        var allocated = await AllocatedAsync(pair.Server, port);
        var (serverCpu, clientCpu) = (server.CpuSeconds, loader?.CpuSeconds ?? 0);
        var result = loader is null
            ? await H2Load.RunAsync(port, pair.IsPlain, work.Streams, seconds)
            : LoadResult.Parse(await loader.AskAsync(string.Create(CultureInfo.InvariantCulture, $"{(pair.IsPlain ? "plain-" : "")}{work.Mode} {work.Streams} {seconds}")));
        return new Measurement(
            work.Name,
            pair.Name,
            result.Messages / result.Seconds,
            result.P50Us,
            result.P99Us,
            Per(server.CpuSeconds - serverCpu, 1e6),
            Per((loader?.CpuSeconds ?? 0) - clientCpu, 1e6),
            Per(await AllocatedAsync(pair.Server, port) - allocated, 1),
            Per(result.AllocatedBytes, 1));

        double Per(double amount, double scale) => amount * scale / Math.Max(result.Messages, 1);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var child in _loaders.Values.Concat(_servers.Values.Select(server => server.Process)))
        {
            await child.DisposeAsync();
        }

        _http.Dispose();
    }

    private async Task<(Child Process, int Port)> ServerAsync(Peer peer)
    {
        if (!_servers.TryGetValue(peer, out var server))
        {
            var port = FirstPort + (int)peer;
            _servers[peer] = server = (await Child.StartServerAsync(_paths[peer], port), port);
        }

        return server;
    }

    private async Task<Child> LoaderAsync(Pair pair)
    {
        if (!_loaders.TryGetValue((pair.Loader, pair.Server), out var loader))
        {
            var (_, port) = await ServerAsync(pair.Server);
            _loaders[(pair.Loader, pair.Server)] = loader = Child.Start(_paths[pair.Loader], "load", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));
        }

        return loader;
    }

    private async Task<double> AllocatedAsync(Peer server, int port)
    {
        if (server != Peer.Ours)
        {
            return 0;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/allocated") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await _http.SendAsync(request, CancellationToken.None);
        return double.Parse(await response.Content.ReadAsStringAsync(), CultureInfo.InvariantCulture);
    }
}
