using System.Diagnostics;
using System.Globalization;
using System.Net;
using Grpc.Net.Client;

namespace SyncHub.GrpcBench.Load;

/// <summary>Load on the plain endpoints with the same bytes and the same HTTP handler: the ceiling.</summary>
internal sealed class PlainLoad(string address) : IDisposable
{
    private const int ReadBytes = 64 * 1024;

    private readonly HttpMessageInvoker _http = new(GrpcHttpHandler.Create());

    public async Task UnaryAsync(Timing timing)
    {
        while (!timing.IsOver)
        {
            var since = Stopwatch.GetTimestamp();
            using var request = Request(HttpMethod.Post, "unary");
            request.Content = new ByteArrayContent(Payload.Framed);
            using var response = await _http.SendAsync(request, CancellationToken.None);
            var answer = await response.Content.ReadAsByteArrayAsync();
            if (answer.Length != Payload.FramedBytes)
            {
                throw new InvalidOperationException($"The plain endpoint answered {(int)response.StatusCode} with {answer.Length} bytes.");
            }

            timing.Add(since);
        }
    }

    public async Task UploadAsync(Timing timing)
    {
        using var request = Request(HttpMethod.Post, "upload");
        var content = new UploadContent(timing);
        request.Content = content;
        using var response = await _http.SendAsync(request, CancellationToken.None);
        var counted = long.Parse(await response.Content.ReadAsStringAsync(), CultureInfo.InvariantCulture);
        timing.Messages = counted / Payload.FramedBytes;
    }

    public async Task DownloadAsync(Timing timing)
    {
        using var request = Request(HttpMethod.Get, "download");
        using var response = await _http.SendAsync(request, CancellationToken.None);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[ReadBytes];
        var bytes = 0L;
        while (!timing.IsOver)
        {
            bytes += await body.ReadAsync(buffer);
        }

        timing.Messages = bytes / Payload.FramedBytes;
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(HttpMethod method, string path) =>
        new(method, $"http://{address}/plain/{path}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private sealed class UploadContent(Timing timing) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            while (!timing.IsOver)
            {
                await stream.WriteAsync(Payload.Gathered);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
