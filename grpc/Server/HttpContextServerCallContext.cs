using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The context of a call on ASP.NET Core. Owns the call's deadline.</summary>
internal sealed class HttpContextServerCallContext : ServerCallContext, IDisposable
{
    private const string CommonName = "x509_common_name";

    // A timer holds no more than this many milliseconds (49 days); a deadline beyond it needs none.
    private const double LongestTimerMs = uint.MaxValue - 1;

    private readonly string _method;
    private readonly CancellationTokenSource? _deadlineSource;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private AuthContext? _authContext;

    public HttpContextServerCallContext(HttpContext httpContext, string method)
    {
        HttpContext = httpContext;
        _method = method;
        CancellationTokenCore = httpContext.RequestAborted;
        DeadlineCore = DateTime.MaxValue;
        if (!GrpcTimeout.TryParse(httpContext.Request.Headers.GrpcTimeout, out var timeout))
        {
            return;
        }

        var now = DateTime.UtcNow;
        DeadlineCore = timeout < DateTime.MaxValue - now ? now + timeout : DateTime.MaxValue;
        if (timeout.TotalMilliseconds <= LongestTimerMs)
        {
            _deadlineSource = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted);
            _deadlineSource.CancelAfter(timeout);
            CancellationTokenCore = _deadlineSource.Token;
        }
    }

    public HttpContext HttpContext { get; }

    public bool IsAborted => HttpContext.RequestAborted.IsCancellationRequested;

    /// <summary>Whether the transport failed under the call. It says so a little before it cancels the request's token.</summary>
    public bool IsCut { get; private set; }

    public bool IsDeadlineExceeded => _deadlineSource is { IsCancellationRequested: true } && !IsAborted;

    public bool HasResponseHeaders { get; private set; }

    /// <summary>The encoding that a handler asked for with its response headers, or null.</summary>
    public string? EncodingRequest { get; private set; }

    /// <summary>Trailers without making an empty list for the many calls that set none.</summary>
    public Metadata TrailersOrEmpty => _responseTrailers ?? Metadata.Empty;

    protected override string MethodCore => _method;

    protected override string HostCore => HttpContext.Request.Host.Value ?? "";

    protected override string PeerCore => Describe(HttpContext.Connection.RemoteIpAddress, HttpContext.Connection.RemotePort);

    protected override DateTime DeadlineCore { get; }

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ServerProtocol.ReadMetadata(HttpContext.Request.Headers);

    protected override CancellationToken CancellationTokenCore { get; }

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _authContext ??= Authenticate(HttpContext.Connection.ClientCertificate);

    // The official context hands out the same dictionary, whose values may be null there too.
    protected override IDictionary<object, object> UserStateCore => HttpContext.Items!;

    /// <summary>What to throw into a handler whose call is over.</summary>
    public OperationCanceledException Cancelled(Exception? cause = null)
    {
        IsCut = true;
        return new(IsDeadlineExceeded ? "The deadline of the call has passed." : "The client cancelled the call or went away.", cause, CancellationToken);
    }

    public void Dispose() => _deadlineSource?.Dispose();

    protected override async Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        if (HasResponseHeaders || HttpContext.Response.HasStarted)
        {
            throw new InvalidOperationException("The response headers were sent already; send them before the first message, and once.");
        }

        HasResponseHeaders = true;
        EncodingRequest = responseHeaders.GetValue(WireNames.EncodingRequest);
        ServerProtocol.WriteMetadata(HttpContext.Response.Headers, responseHeaders);
        ResponseStart?.SetHeaders();
        await HttpContext.Response.BodyWriter.FlushAsync(CancellationToken);
    }

    /// <summary>Completes the headers just before they leave; the call sets it.</summary>
    public IResponseStart? ResponseStart { get; set; }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        new(Deadline, CancellationToken, options ?? ContextPropagationOptions.Default);

    private static string Describe(IPAddress? address, int port) => address?.AddressFamily switch
    {
        AddressFamily.InterNetwork => string.Create(CultureInfo.InvariantCulture, $"ipv4:{address}:{port}"),
        AddressFamily.InterNetworkV6 => string.Create(CultureInfo.InvariantCulture, $"ipv6:[{address}]:{port}"),
        _ => "unknown",
    };

    private static AuthContext Authenticate(X509Certificate2? certificate)
    {
        if (certificate is null)
        {
            return new AuthContext(peerIdentityPropertyName: null, []);
        }

        var name = Encoding.UTF8.GetBytes(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        return new AuthContext(CommonName, new(StringComparer.Ordinal) { [CommonName] = [AuthProperty.Create(CommonName, name)] });
    }
}
