using System.Threading.Channels;
using Grpc.Core;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Grpc.HealthCheck;

/// <summary>The health service of gRPC: keeps a state per service name and tells it to whoever asks or watches. Safe for concurrent use;
/// register it as a singleton.</summary>
/// <remarks>It knows nothing of what the states mean; the process sets them. A watcher that reads slowly sees the latest state, not each one.</remarks>
public sealed class HealthServiceImpl : Health.V1.Health.HealthBase
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private readonly HashSet<Watcher> _watchers = [];
    private bool _isShutDown;

    /// <summary>How many watches are open.</summary>
    public int Watchers
    {
        get
        {
            lock (_gate)
            {
                return _watchers.Count;
            }
        }
    }

    /// <summary>Sets the state of a service; the empty name is the whole server. After <see cref="Shutdown"/> nothing changes any more.</summary>
    public void SetStatus(string service, ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_gate)
        {
            if (!_isShutDown)
            {
                _statuses[service] = status;
                Tell(service);
            }
        }
    }

    /// <summary>Forgets a service: from now on it is unknown.</summary>
    public void ClearStatus(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_gate)
        {
            if (_statuses.Remove(service))
            {
                Tell(service);
            }
        }
    }

    /// <summary>Says NOT_SERVING for every service, for good, and ends the watches after it. Call it before the server stops, so that
    /// nobody sends new work meanwhile.</summary>
    public void Shutdown()
    {
        lock (_gate)
        {
            _isShutDown = true;
            foreach (var service in _statuses.Keys.ToArray())
            {
                _statuses[service] = ServingStatus.NotServing;
                Tell(service);
            }

            foreach (var watcher in _watchers)
            {
                watcher.Latest.Writer.TryComplete();
            }
        }
    }

    /// <inheritdoc/>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        lock (_gate)
        {
            return _statuses.TryGetValue(request.Service, out var status)
                ? Task.FromResult(new HealthCheckResponse { Status = status })
                : throw new RpcException(new Status(StatusCode.NotFound, "Nothing is known of this service; the empty name stands for the whole server."));
        }
    }

    /// <inheritdoc/>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var watcher = new Watcher(request.Service);
        lock (_gate)
        {
            _watchers.Add(watcher);
            watcher.Latest.Writer.TryWrite(StatusOf(request.Service));
            if (_isShutDown)
            {
                watcher.Latest.Writer.TryComplete();
            }
        }

        try
        {
            await SendAsync(watcher, responseStream, context.CancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _watchers.Remove(watcher);
            }
        }

        throw new RpcException(new Status(StatusCode.Unavailable, "The server is shutting down. Watch another one, or this one later."));
    }

    private static async Task SendAsync(Watcher watcher, IServerStreamWriter<HealthCheckResponse> responses, CancellationToken cancellation)
    {
        ServingStatus? last = null;
        await foreach (var status in watcher.Latest.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            if (status != last)
            {
                await responses.WriteAsync(new HealthCheckResponse { Status = status }, cancellation).ConfigureAwait(false);
                last = status;
            }
        }
    }

    private ServingStatus StatusOf(string service) => _statuses.GetValueOrDefault(service, ServingStatus.ServiceUnknown);

    private void Tell(string service)
    {
        foreach (var watcher in _watchers.Where(watcher => watcher.Service == service))
        {
            watcher.Latest.Writer.TryWrite(StatusOf(service));
        }
    }

    private sealed class Watcher(string service)
    {
        public string Service { get; } = service;

        public Channel<ServingStatus> Latest { get; } =
            Channel.CreateBounded<ServingStatus>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    }
}
