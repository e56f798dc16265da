using System.Collections.Concurrent;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>A way to one server over HTTP/2. Expensive to make, cheap to share: connections are opened when needed and kept.
/// Safe for concurrent use.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly Uri _address;
    private readonly HttpMessageInvoker _http;
    private readonly CancellationTokenSource _disposal = new();
    private readonly ConcurrentDictionary<IMethod, object> _methods = new(ReferenceEqualityComparer.Instance);

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        _address = address;
        var ownsHandler = options.HttpHandler is null || options.DisposeHttpClient;
        var handler = options.HttpHandler ?? GrpcHttpHandler.Create();
        _http = new HttpMessageInvoker(handler, ownsHandler);
        IsPlainTransport = handler is SocketsHttpHandler;
        MaxReceiveBytes = options.MaxReceiveMessageSize;
        MaxSendBytes = options.MaxSendMessageSize;
        CallCredentials = options.Credentials?.CallCredentials;
        MaySendCredentials = address.Scheme == Uri.UriSchemeHttps || options.UnsafeUseInsecureChannelCallCredentials;
        Disposal = _disposal.Token;
    }

    /// <summary>Whether nothing lies between a call and the runtime's transport, of which is known when it has let go of a request.</summary>
    internal bool IsPlainTransport { get; }

    internal int? MaxReceiveBytes { get; }

    internal int? MaxSendBytes { get; }

    internal CallCredentials? CallCredentials { get; }

    internal bool MaySendCredentials { get; }

    /// <summary>Cancelled when the channel is disposed of.</summary>
    internal CancellationToken Disposal { get; }

    /// <summary>A channel to <c>http://host:port</c> (plaintext HTTP/2 with prior knowledge) or <c>https://host:port</c>.</summary>
    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>A channel with settings of its own.</summary>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        return ForAddress(new Uri(address), channelOptions);
    }

    /// <summary>A channel to an address.</summary>
    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>A channel to an address, with settings of its own.</summary>
    /// <exception cref="ArgumentException">The address is not http or https, has a path, or contradicts the credentials.</exception>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps) || address.PathAndQuery != "/")
        {
            throw new ArgumentException($"'{address}' is not an address of the form http://host:port or https://host:port.", nameof(address));
        }

        if (channelOptions.Credentials is { } credentials && credentials.IsSecure != (address.Scheme == Uri.UriSchemeHttps))
        {
            throw new ArgumentException($"The channel's credentials do not fit '{address}': SecureSsl needs https, Insecure needs http.", nameof(channelOptions));
        }

        return new GrpcChannel(address, channelOptions);
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The channel was disposed of.</exception>
    public override CallInvoker CreateCallInvoker()
    {
        ThrowIfDisposed();
        return new ChannelCallInvoker(this);
    }

    /// <summary>Cancels the calls in flight and closes the connections, if the channel owns its handler.</summary>
    public void Dispose()
    {
        if (Disposal.IsCancellationRequested)
        {
            return;
        }

        _disposal.Cancel();
        _disposal.Dispose();
        _http.Dispose();
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Disposal.IsCancellationRequested, this);

    /// <summary>What all calls of a method on this channel share.</summary>
    internal ChannelMethod<TRequest, TResponse> Of<TRequest, TResponse>(Method<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class =>
        (ChannelMethod<TRequest, TResponse>)(_methods.TryGetValue(method, out var known)
            ? known
            : _methods.GetOrAdd(method, static (_, parts) => new ChannelMethod<TRequest, TResponse>(new Uri(parts.Channel._address, parts.Method.FullName), parts.Method, parts.Channel), (Channel: this, Method: method)));

    internal AuthInterceptorContext AuthContextOf(IMethod method, CancellationToken cancellationToken) =>
        new(new Uri(_address, method.ServiceName).AbsoluteUri, method.Name, cancellationToken);

    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _http.SendAsync(request, cancellationToken);

    /// <inheritdoc/>
    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }
}
