using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>The part of a client call that knows no messages: how it starts, and its one end.</summary>
/// <remarks>Whatever ends the call first (trailers, failure, deadline, cancellation, disposal) decides its status in
/// <see cref="End"/>; everything later finds it decided. Ending also lets go of the HTTP stream, which resets it if it was open.</remarks>
internal abstract class ClientCall : IDisposable
{
    // A timer holds no more than this many milliseconds (49 days); a deadline beyond it needs none.
    private const double LongestTimerMs = uint.MaxValue - 1;

    private readonly CancellationTokenSource _source = new();
    private readonly Lock _gate = new();
    private readonly DateTime _deadline;
    private CancellationTokenRegistration _userCancellation;
    private CancellationTokenRegistration _parentCancellation;
    private CancellationTokenRegistration _channelDisposal;
    private Timer? _timer;
    private Outcome? _outcome;

    protected ClientCall(GrpcChannel channel, CallOptions options)
    {
        channel.ThrowIfDisposed();
        Channel = channel;
        Options = options;
        Ended = _source.Token;
        _deadline = EarliestDeadline(options);
    }

    /// <summary>The response headers; for a response that is nothing but trailers, none.</summary>
    public abstract Task<Metadata> ResponseHeadersAsync { get; }

    /// <summary>Cancelled when the call has ended, for whatever reason.</summary>
    public CancellationToken Ended { get; }

    protected GrpcChannel Channel { get; }

    protected CallOptions Options { get; }

    protected bool HasDeadline => _deadline != DateTime.MaxValue;

    protected TimeSpan TimeLeft => _deadline - DateTime.UtcNow;

    public Status GetStatus() =>
        Volatile.Read(ref _outcome)?.Status ?? throw new InvalidOperationException("The call has no status yet, because it has not ended.");

    public Metadata GetTrailers() =>
        Volatile.Read(ref _outcome)?.Trailers ?? throw new InvalidOperationException("The call has no trailers yet, because it has not ended.");

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

    public bool HasEnded => Volatile.Read(ref _outcome) is not null;

    protected void End(Status status, Metadata? trailers = null)
    {
        // A server that cancels after the deadline only noticed it first.
        if (status.StatusCode == StatusCode.Cancelled && HasDeadline && TimeLeft <= TimeSpan.Zero)
        {
            status = DeadlineExceeded();
        }

        lock (_gate)
        {
            if (_outcome is not null)
            {
                return;
            }

            Volatile.Write(ref _outcome, new Outcome(status, trailers ?? Metadata.Empty));
        }

        Disarm();
        LetGo();

        // Last: a reader that this wakes may run its caller's code on this very thread.
        _source.Cancel();
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

    private void Disarm()
    {
        _userCancellation.Unregister();
        _parentCancellation.Unregister();
        _channelDisposal.Unregister();
        _timer?.Dispose();
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

    private sealed record Outcome(Status Status, Metadata Trailers);
}
