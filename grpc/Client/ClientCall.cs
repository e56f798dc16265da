using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The part of a client call that knows no messages: how it starts, and its one end.</summary>
/// <remarks>Whatever ends the call first (trailers, failure, deadline, cancellation, disposal) decides its status in
/// <see cref="End"/>; everything later finds it decided. Ending also lets go of the HTTP stream, which resets it if it was open.</remarks>
internal abstract class ClientCall : IDisposable
{
    // A timer holds no more than this many milliseconds (49 days); a deadline beyond it needs none.
    private const double LongestTimerMs = uint.MaxValue - 1;

    private readonly Lock _gate = new();
    private readonly DateTime _deadline;
    private CancellationTokenRegistration _userCancellation;
    private CancellationTokenRegistration _parentCancellation;
    private CancellationTokenRegistration _channelDisposal;
    private Timer? _timer;

    // Written once, before the flag says so.
    private Status _status;
    private HttpResponseMessage? _answer;
    private Metadata? _trailers;
    private volatile bool _hasEnded;

    protected ClientCall(GrpcChannel channel, CallOptions options, CancellationTokenSource source)
    {
        channel.ThrowIfDisposed();
        Source = source;
        Channel = channel;
        Options = options;
        Ended = source.Token;
        _deadline = EarliestDeadline(options);
    }

    /// <summary>The response headers; for a response that is nothing but trailers, none.</summary>
    public abstract Task<Metadata> ResponseHeadersAsync { get; }

    /// <summary>Cancelled when the call has ended, for whatever reason.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Of <see cref="Ended"/>. Whoever decided how the call ended does with it what has to be done, and nobody else.</summary>
    protected CancellationTokenSource Source { get; }

    protected GrpcChannel Channel { get; }

    protected CallOptions Options { get; }

    protected bool HasDeadline => _deadline != DateTime.MaxValue;

    protected TimeSpan TimeLeft => _deadline - DateTime.UtcNow;

    public Status GetStatus() =>
        _hasEnded ? _status : throw new InvalidOperationException("The call has no status yet, because it has not ended.");

    /// <summary>Read from the answer when they are asked for: most calls succeed, and then nobody does.</summary>
    public Metadata GetTrailers()
    {
        if (!_hasEnded)
        {
            throw new InvalidOperationException("The call has no trailers yet, because it has not ended.");
        }

        return _trailers ?? Interlocked.CompareExchange(ref _trailers, _answer is null ? Metadata.Empty : ClientResponse.Trailers(_answer), null) ?? _trailers;
    }

    public void Cancel(string reason) => End(new Status(StatusCode.Cancelled, reason));

    public void Dispose() => Cancel("The call was disposed of by its client.");

    /// <summary>Ends the call with what an exception stands for, unless it has ended, and says how it did end.</summary>
    public RpcException Fail(Exception exception)
    {
        End(ClientFailures.StatusOf(exception));
        return AsException();
    }

    /// <summary>The end of the call for whoever writes to it or reads from it afterwards.</summary>
    public RpcException AsException() => new(GetStatus(), GetTrailers());

    /// <summary>How a call ended whose send failed, as far as that can be known now.</summary>
    public abstract Task<RpcException> EndOfSendAsync(Exception failure);

    public bool HasEnded => _hasEnded;

    /// <summary>Ends the call, unless it has ended.</summary>
    /// <param name="status">How.</param>
    /// <param name="answer">The response whose end says so, with its trailers; null where something else does.</param>
    protected void End(Status status, HttpResponseMessage? answer = null)
    {
        if (!TryDecide(status, answer))
        {
            return;
        }

        Disarm();
        LetGo();

        // Last: a reader that this wakes may run its caller's code on this very thread.
        Source.Cancel();
    }

    /// <summary>Decides how the call ended. True for the one caller that did, who then lets everything go.</summary>
    protected bool TryDecide(Status status, HttpResponseMessage? answer)
    {
        // A server that cancels after the deadline only noticed it first.
        if (status.StatusCode == StatusCode.Cancelled && HasDeadline && TimeLeft <= TimeSpan.Zero)
        {
            status = DeadlineExceeded();
        }

        lock (_gate)
        {
            if (_hasEnded)
            {
                return false;
            }

            (_status, _answer) = (status, answer);
            _hasEnded = true;
            return true;
        }
    }

    /// <summary>Gives up the transport; called once, after the end.</summary>
    protected abstract void LetGo();

    /// <summary>Arms everything that can end the call from outside. False if it has ended already.</summary>
    protected bool Arm()
    {
        if (HasDeadline)
        {
            if (TimeLeft <= TimeSpan.Zero)
            {
                End(DeadlineExceeded());
                return false;
            }

            var due = TimeLeft.TotalMilliseconds;
            if (due <= LongestTimerMs)
            {
                // Rounded up: the timer must not fire before the deadline it stands for.
                _timer = new Timer(static call => ((ClientCall)call!).End(DeadlineExceeded()), this, Math.Max((long)Math.Ceiling(due), 0), Timeout.Infinite);
            }
        }

        _userCancellation = Options.CancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel("Call canceled by the client."), this);
        _parentCancellation = (Options.PropagationToken?.ParentCancellationToken ?? default)
            .UnsafeRegister(static call => ((ClientCall)call!).Cancel("The call on whose behalf this one was made has been cancelled."), this);
        _channelDisposal = Channel.Disposal.UnsafeRegister(static call => ((ClientCall)call!).Cancel("The channel was disposed of."), this);
        if (HasEnded)
        {
            // One of the above ended the call at once; what was armed after it would outlive the call.
            Disarm();
            return false;
        }

        return true;
    }

    /// <summary>Lets go of what <see cref="Arm"/> armed.</summary>
    protected void Disarm()
    {
        _userCancellation.Unregister();
        _parentCancellation.Unregister();
        _channelDisposal.Unregister();
        _timer?.Dispose();
    }

    /// <summary>The encoding that the metadata of a call asks for.</summary>
    /// <exception cref="InvalidOperationException">There is no such encoding.</exception>
    protected static string EncodingOf(Metadata? headers)
    {
        var encoding = headers?.GetValue(WireNames.EncodingRequest) ?? Encodings.Identity;
        return Encodings.IsKnown(encoding)
            ? encoding
            : throw new InvalidOperationException($"{WireNames.EncodingRequest} is '{encoding}'; use one of {Encodings.Accepted}.");
    }

    /// <summary>Adds to a request what this call sends beside its message: its host, metadata, credentials and, last, the time that is left.</summary>
    protected ValueTask AddHeadersAsync(HttpRequestMessage request, IMethod method, string? host, string encoding)
    {
        if (host is not null)
        {
            request.Headers.Host = host;
        }

        if (encoding != Encodings.Identity)
        {
            request.Headers.TryAddWithoutValidation(WireNames.Encoding, encoding);
        }

        if (Options.Headers is { } metadata)
        {
            RequestHeaders.Add(request, metadata);
        }

        if ((Channel.CallCredentials ?? Options.Credentials) is not null)
        {
            return AddCredentialsAsync(request, method);
        }

        AddTimeLeft(request);
        return ValueTask.CompletedTask;
    }

    private async ValueTask AddCredentialsAsync(HttpRequestMessage request, IMethod method)
    {
        await RequestHeaders.AddCredentialsAsync(request, Channel.CallCredentials, Channel, method, Ended);
        await RequestHeaders.AddCredentialsAsync(request, Options.Credentials, Channel, method, Ended);

        // Last, so that the time that credentials took is the server's loss too.
        AddTimeLeft(request);
    }

    private void AddTimeLeft(HttpRequestMessage request)
    {
        if (HasDeadline)
        {
            request.Headers.TryAddWithoutValidation(WireNames.Timeout, GrpcTimeout.Format(TimeLeft > TimeSpan.Zero ? TimeLeft : TimeSpan.Zero));
        }
    }

    private static Status DeadlineExceeded() => new(StatusCode.DeadlineExceeded, "Deadline Exceeded");

    private static DateTime EarliestDeadline(in CallOptions options)
    {
        var own = options.Deadline ?? DateTime.MaxValue;
        if (own.Kind != DateTimeKind.Utc && own != DateTime.MaxValue && own != DateTime.MinValue)
        {
            throw new InvalidOperationException("The deadline of a call must be in UTC (DateTime.UtcNow.AddSeconds(...)).");
        }

        var parent = options.PropagationToken?.ParentDeadline ?? DateTime.MaxValue;
        return own < parent ? own : parent;
    }
}
