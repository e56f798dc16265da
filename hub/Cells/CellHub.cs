using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Standard;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Doors;
using SyncHub.Protos.Trust;

namespace SyncHub.Hub.Cells;

/// <summary>Another cell, as the hub of the first one reaches it: whichever of its hubs leads.</summary>
/// <remarks>Thread-safe. A call is never sent twice unless the first hub said that it does not lead: what was asked may have been done.</remarks>
internal sealed class CellHub(Cell cell, IReadOnlyList<string> hubs, CertificateAuthority authority) : IDisposable
{
    private static readonly TimeSpan HealthPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _finding = new(1);
    private volatile Line? _leader;

    /// <summary>Which one.</summary>
    public Cell Cell => cell;

    /// <summary>Calls it for somebody.</summary>
    /// <exception cref="RpcException">As it answered; UNAVAILABLE, reason CELL_AWAY, where it did not.</exception>
    public Task<TAnswer> CallAsync<TAnswer>(DoorCall call, ServerCallContext context, Func<CallInvoker, CallOptions, AsyncUnaryCall<TAnswer>> send) =>
        RunAsync(call, context, async (invoker, options) =>
        {
            using var sent = send(invoker, options);
            return await sent.ResponseAsync.ConfigureAwait(false);
        });

    /// <summary>Calls it, and hands on each message of the answer.</summary>
    /// <exception cref="RpcException">As <see cref="CallAsync"/>.</exception>
    public Task StreamAsync<TAnswer>(DoorCall call, ServerCallContext context, Func<CallInvoker, CallOptions, AsyncServerStreamingCall<TAnswer>> send, Func<TAnswer, Task> take) =>
        RunAsync(call, context, async (invoker, options) =>
        {
            using var sent = send(invoker, options);
            while (await sent.ResponseStream.MoveNext(options.CancellationToken).ConfigureAwait(false))
            {
                await take(sent.ResponseStream.Current).ConfigureAwait(false);
            }

            return true;
        });

    /// <inheritdoc/>
    public void Dispose()
    {
        _leader?.Channel.Dispose();
        _finding.Dispose();
    }

    private async Task<T> RunAsync<T>(DoorCall call, ServerCallContext context, Func<CallInvoker, CallOptions, Task<T>> run)
    {
        var until = DateTime.UtcNow + Patience;
        var options = new CallOptions([new Metadata.Entry(CellDoor.Header, CellDoor.Write(call, cell))], context.Deadline < until ? context.Deadline : until, context.CancellationToken);
        for (var isSecond = false; ; isSecond = true)
        {
            var line = await FindAsync(context.CancellationToken).ConfigureAwait(false);
            try
            {
                return await run(line.Channel.CreateCallInvoker(), options).ConfigureAwait(false);
            }
            catch (RpcException fault) when (!isSecond && RpcFault.ReasonOf(fault) is StandbyReasons.StandingBy or StandbyReasons.Stopping)
            {
                Forget(line); // nothing was done there
            }
            catch (RpcException fault) when (fault.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded && !context.CancellationToken.IsCancellationRequested)
            {
                Forget(line);
                throw Away(fault.Status.Detail);
            }
        }
    }

    private async Task<Line> FindAsync(CancellationToken cancellation)
    {
        if (_leader is { } known && ReferenceEquals(known.Shown, authority.Hub))
        {
            return known;
        }

        await _finding.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_leader is { } found && ReferenceEquals(found.Shown, authority.Hub))
            {
                return found;
            }

            var refusals = new List<string>();
            foreach (var hub in hubs)
            {
                if (await TryAsync(hub, refusals, cancellation).ConfigureAwait(false) is { } line)
                {
                    return _leader = line; // the channel before it may have calls under way; left alone, its connections end when they are idle
                }
            }

            throw Away($"None of {string.Join(", ", hubs)} leads it now.{string.Concat(refusals)}");
        }
        finally
        {
            _finding.Release();
        }
    }

    private async Task<Line?> TryAsync(string hub, List<string> refusals, CancellationToken cancellation)
    {
        var shown = authority.Hub;
        var trust = new HubTrust(X509CertificateLoader.LoadCertificate(authority.Certificate), TimeProvider.System, authority);
        var channel = GrpcChannel.ForAddress(hub, new GrpcChannelOptions { HttpHandler = trust.CreateHandler(shown), DisposeHttpClient = true });
        try
        {
            var health = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest(), deadline: DateTime.UtcNow + HealthPatience, cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
            if (health.Status == HealthCheckResponse.Types.ServingStatus.Serving)
            {
                return new Line(channel, shown);
            }
        }
        catch (RpcException) when (!cancellation.IsCancellationRequested)
        {
            // It is down, or not one of this chain: another one may lead.
            if (trust.Refusal.Length > 0)
            {
                refusals.Add($" {hub} is not trusted: {trust.Refusal}");
            }
        }

        channel.Dispose();
        return null;
    }

    private void Forget(Line line) => Interlocked.CompareExchange(ref _leader, null, line);

    private RpcException Away(string why) =>
        RpcFault.Of(StatusCode.Unavailable, Reason.CellAway, $"Cell {cell} does not answer, so the answer would not be whole. {why} What was asked for may have been done there; it does no harm to ask again.");

    private sealed record Line(GrpcChannel Channel, X509Certificate2 Shown);
}
