using System.Buffers;
using System.Globalization;
using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Cells;
using SyncHub.Hub.Certificates;
using SyncHub.Storage.Postgres;

namespace SyncHub.Hub.Forwarding;

/// <summary>At a hub that stands by: hands each call on to the hub that leads, and its answer back, byte for byte and in order.</summary>
/// <remarks>
/// It reads nothing of a call but its headers, and keeps nothing. A call goes on once: one that another hub forwarded already is not taken. When another hub
/// leads, what is under way ends with UNAVAILABLE, and the caller's next call goes to the new one. Thread-safe.
/// </remarks>
internal sealed class Forwarder(CertificateAuthority authority, ILogger log) : IDisposable
{
    private const int CopyBytes = 16 * 1024;

    // Of one connection, and so of no business of the next one.
    private static readonly HashSet<string> OfTheConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Host", "Expect", ForwardedCalls.Header,
    };

    private readonly Lock _gate = new();
    private LeadingWriter _writer;
    private KnownLeader? _leader;
    private string _told = "";

    /// <summary>Who leads now.</summary>
    public void Tell(LeadingWriter writer)
    {
        KnownLeader? before;
        lock (_gate)
        {
            if (writer == _writer)
            {
                return;
            }

            before = _leader;
            _writer = writer;
            _leader = Uri.TryCreate(writer.Address, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps ? new KnownLeader(address, authority) : null;
        }

        before?.Dispose();
    }

    /// <summary>Hands a call on, if it may and somebody leads.</summary>
    /// <returns>False where nothing was written, and the caller has to be refused.</returns>
    public async Task<bool> TryForwardAsync(HttpContext http)
    {
        // The hub of another cell finds the leader itself, and no word of its own may come from here.
        if (ForwardedCalls.IsSaidOf(http) || CellDoor.IsAsked(http) || _leader is not { } leader || !await TakesAsync(leader).ConfigureAwait(false) || LineOf(http, leader) is not { } line)
        {
            return false;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, line.Ended);
        var body = http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } ? new ForwardedBody(http.Request, ending.Token) : null;
        try
        {
            using var request = Copy(http, leader.Address, body);
            using var response = await line.SendAsync(request, ending.Token).ConfigureAwait(false);
            await WriteAsync(http, response, ending.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception fault) when (fault is HttpRequestException or HttpProtocolException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            if (http.RequestAborted.IsCancellationRequested)
            {
                return true; // nobody listens any more
            }

            Note(leader, line.Refusal.Length > 0 ? $"it is not trusted: {line.Refusal}" : fault.Message);
            if (!http.Response.HasStarted)
            {
                http.Response.Clear();
                return false;
            }

            BreakOff(http);
            return true;
        }
        finally
        {
            // The answer may be complete while the caller still sends; what he sends is the web server's again when this returns.
            await ending.CancelAsync().ConfigureAwait(false);
            await (body?.Copied ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Tell(new LeadingWriter("nobody", ""));

    private async Task<bool> TakesAsync(KnownLeader leader)
    {
        try
        {
            var takes = await leader.TakesForwardedAsync().ConfigureAwait(false);
            if (!takes)
            {
                Note(leader, "its program is older, or it has no certificates.");
            }

            return takes;
        }
        catch (RpcException fault)
        {
            Note(leader, fault.Status.Detail);
            return false;
        }
    }

    // The line of the caller's connection, which ends with it.
    private LeaderLine? LineOf(HttpContext http, KnownLeader leader)
    {
        lock (_gate)
        {
            if (leader != _leader || http.Features.Get<IConnectionItemsFeature>()?.Items is not { } items)
            {
                return null;
            }

            if (items.TryGetValue(this, out var found) && found is LeaderLine line)
            {
                if (line.Leader == leader && !line.Ended.IsCancellationRequested)
                {
                    return line;
                }

                line.Dispose(); // of a leader of before
            }

            var opened = new LeaderLine(leader);
            if (http.Features.Get<IConnectionLifetimeFeature>() is { } life)
            {
                life.ConnectionClosed.Register(opened.Dispose);
            }

            items[this] = opened;
            return opened;
        }
    }

    private static HttpRequestMessage Copy(HttpContext http, Uri leader, ForwardedBody? body)
    {
        var said = http.Request;
        var request = new HttpRequestMessage(new HttpMethod(said.Method), new Uri(leader, said.GetEncodedPathAndQuery())) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = body };
        if (body is not null)
        {
            Unbind(http);
        }

        foreach (var (name, values) in said.Headers)
        {
            if (!OfTheConnection.Contains(name) && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        request.Headers.TryAddWithoutValidation(ForwardedCalls.Header, ForwardedCalls.Write(http));
        return request;
    }

    // How large and how slow a body may be the leader says, method by method; it says it of this caller's line alone.
    private static void Unbind(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private static async Task WriteAsync(HttpContext http, HttpResponseMessage response, CancellationToken cancellation)
    {
        http.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (!OfTheConnection.Contains(name))
            {
                http.Response.Headers[name] = values.ToArray();
            }
        }

        // An answer that is all headers stays that: a client of gRPC takes the status from there only where nothing follows.
        if (http.Response.Headers.ContainsKey("grpc-status"))
        {
            return;
        }

        await http.Response.StartAsync(cancellation).ConfigureAwait(false);
        var body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            while (await body.ReadAsync(buffer, cancellation).ConfigureAwait(false) is > 0 and var read)
            {
                await http.Response.BodyWriter.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (http.Response.SupportsTrailers())
        {
            foreach (var (name, values) in response.TrailingHeaders.NonValidated)
            {
                http.Response.AppendTrailer(name, values.ToArray());
            }
        }
    }

    // The answer had begun: a stream of gRPC ends with a status, anything else is cut off, because what was written is not whole.
    private static void BreakOff(HttpContext http)
    {
        if (ForwardedCalls.IsGrpc(http) && http.Response.SupportsTrailers())
        {
            http.Response.AppendTrailer("grpc-status", ((int)StatusCode.Unavailable).ToString(CultureInfo.InvariantCulture));
            http.Response.AppendTrailer("grpc-message", "The hub that leads broke the call off, or another one leads. Call again.");
        }
        else
        {
            http.Abort();
        }
    }

    // Once for each reason: a chain's stores call again and again.
    private void Note(KnownLeader leader, string why)
    {
        var text = leader.Replaced.IsCancellationRequested ? $"{leader.Address} leads no more." : $"The hub that leads, {leader.Address}, takes no call from here: {why}";
        lock (_gate)
        {
            if (text == _told)
            {
                return;
            }

            _told = text;
        }

        log.LogWarning("{Trouble} Callers are told to try again, or to call another hub.", text);
    }
}
