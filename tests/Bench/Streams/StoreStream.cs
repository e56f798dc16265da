using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Protos.Trust;
using SyncHub.V1;
using Hello = SyncHub.V1.Hello;

namespace SyncHub.Bench.Streams;

/// <summary>One store as the hub sees it: a log, its signatures, and the stream that brings it up. It has no disk and no till, so that the load costs little beside the hub.</summary>
/// <remarks>It speaks as an agent does: TLS with the store's certificate, signed batches of at most 200 ops, marks for what it has taken.</remarks>
internal sealed class StoreStream : IAsyncDisposable
{
    private const int ToldEvery = 128 * 1024;
    private const long WindowBytes = 512 * 1024;
    private const int SilenceSeconds = 48; // as an agent says
    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(48); // as an agent with nothing new to say

    private readonly ByteString _device = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(16));
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SemaphoreSlim _acked = new(0);
    private readonly List<(byte[] Bytes, OpHash Hash)> _log = [];
    private readonly Queue<(long Sequence, long Bytes, long Since)> _underWay = new();
    private readonly ECDsa _key;
    private readonly X509Certificate2 _certificate;
    private Hub _hub;
    private GrpcChannel? _channel;
    private AsyncDuplexStreamingCall<AgentFrame, HubFrame>? _call;
    private ByteString _nonce = ByteString.Empty;
    private TaskCompletionSource<HubFrame>? _answer;
    private Task _receiving = Task.CompletedTask;
    private Timer? _beat;
    private Exception? _fault;
    private long _forgotten;
    private OpHash _forgottenHash;
    private long _sent;
    private long _windowBytes;
    private long _unackedBytes;
    private long _committed;
    private long _token;
    private long _feed;
    private long _taken;
    private long _told;

    private StoreStream(Hub hub, Holder holder, ECDsa key, X509Certificate2 certificate) => (_hub, Holder, _key, _certificate) = (hub, holder, key, certificate);

    /// <summary>The store in its life.</summary>
    public Holder Holder { get; }

    /// <summary>The end of its log.</summary>
    public long TipSequence => _forgotten + _log.Count;

    /// <summary>How far it is in the hub's member changes.</summary>
    public long FeedPosition => Volatile.Read(ref _feed);

    /// <summary>Milliseconds from a batch's departure to the acknowledgement of its last op, since this was last cleared.</summary>
    public List<double> LatenciesMs { get; } = [];

    /// <summary>Makes a store at the hub, with a certificate of its own.</summary>
    public static async Task<StoreStream> EnrolAsync(Hub hub, string name, CancellationToken cancellation)
    {
        var code = EnrolmentCode.TryParse(await hub.CreateStoreAsync(name, cancellation)) ?? throw new InvalidOperationException("The hub gave no code.");
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var channel = GrpcChannel.ForAddress(hub.Address, new GrpcChannelOptions { HttpHandler = hub.Trust.CreateHandler(), DisposeHttpClient = true });
        var request = new CertificateRequest("CN=SyncHub store", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        var given = await new Enrolment.EnrolmentClient(channel).EnrolAsync(new EnrolRequest { Code = code.Secret, CertificateRequest = UnsafeByteOperations.UnsafeWrap(request) }, cancellationToken: cancellation);
        using var bare = X509CertificateLoader.LoadCertificate(given.Certificate.Span);
        return new StoreStream(hub, new Holder(new StoreId(given.Store), new Incarnation(given.Incarnation)), key, bare.CopyWithPrivateKey(key));
    }

    /// <summary>The hub was started again, at another address.</summary>
    public void Use(Hub hub) => _hub = hub;

    /// <summary>Connects and waits for the hub's welcome.</summary>
    public async Task ConnectAsync(CancellationToken cancellation)
    {
        _channel = GrpcChannel.ForAddress(_hub.Address, new GrpcChannelOptions { HttpHandler = _hub.Trust.CreateHandler(_certificate), DisposeHttpClient = true });
        _call = new V1.Sync.SyncClient(_channel).Link(cancellationToken: cancellation);
        _nonce = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(16));
        (_taken, _told, _unackedBytes) = (0, 0, 0);
        _underWay.Clear();
        await _call.RequestStream.WriteAsync(new AgentFrame
        {
            Hello = new Hello
            {
                Store = Holder.Store.Value, Incarnation = Holder.Incarnation.Value, Nonce = _nonce, Token = _token, TipSequence = TipSequence,
                TipHash = UnsafeByteOperations.UnsafeWrap(HashAt(TipSequence).ToBytes()), FeedPosition = _feed, SchemaMax = 1, Device = _device, WindowBytes = WindowBytes, SilenceSeconds = SilenceSeconds,
            },
        }, cancellation);
        while (await _call.ResponseStream.MoveNext(cancellation))
        {
            if (_call.ResponseStream.Current.Welcome is { } welcome)
            {
                (_token, _committed, _sent, _windowBytes) = (welcome.Token, welcome.CommittedSequence, welcome.CommittedSequence, welcome.MaxUnackedBytes);
                _receiving = ReceiveAsync(_call.ResponseStream, cancellation);
                _beat = new Timer(_ => _ = BeatAsync(), null, BeatEvery, BeatEvery);
                return;
            }
        }

        throw new InvalidOperationException($"Store {Holder.Store} was not welcomed.");
    }

    /// <summary>Appends an op to the log; it leaves with the next <see cref="SendAsync"/>.</summary>
    public void Append(byte[] envelope) => _log.Add((envelope, HashAt(TipSequence).Next(envelope)));

    /// <summary>Sends what the log has, keeping so many ops under way, until the hub has acknowledged all of it.</summary>
    /// <param name="window">Most ops under way.</param>
    /// <param name="leastBatch">How many ops to wait for before a batch leaves; 1: each acknowledged op is followed by the next one at once.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task SendAsync(int window, int leastBatch, CancellationToken cancellation)
    {
        while (Volatile.Read(ref _committed) < TipSequence)
        {
            var left = (int)Math.Min(int.MaxValue, TipSequence - _sent);
            var ops = left == 0 ? 0 : Fitting(Math.Min(left, window - (int)(_sent - Volatile.Read(ref _committed))), Math.Min(leastBatch, left));
            if (ops == 0)
            {
                await _acked.WaitAsync(cancellation);
                if (_fault is not null)
                {
                    throw new InvalidOperationException($"Store {Holder.Store} lost its stream.", _fault);
                }

                continue;
            }

            await SendBatchAsync(ops, cancellation);
        }

        _forgottenHash = HashAt(TipSequence);
        _forgotten = TipSequence;
        _log.Clear();
    }

    /// <summary>Asks for a member and waits for the answer.</summary>
    public async Task<IdentifyReply> IdentifyAsync(MemberId member, CancellationToken cancellation)
    {
        _answer = new TaskCompletionSource<HubFrame>(TaskCreationOptions.RunContinuationsAsynchronously);
        await WriteAsync(new AgentFrame { Identify = new IdentifyRequest { Nonce = _nonce, Request = 1, Member = UnsafeByteOperations.UnsafeWrap(member.ToBytes()) } });
        return (await _answer.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellation)).IdentifyReply;
    }

    /// <summary>Goes offline, without forgetting anything.</summary>
    public async Task DisconnectAsync()
    {
        if (_beat is { } beat)
        {
            await beat.DisposeAsync();
        }

        _call?.Dispose();
        await _receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _channel?.Dispose();
        (_beat, _call, _channel, _fault) = (null, null, null, null);
    }

    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        _certificate.Dispose();
        _key.Dispose();
        _writing.Dispose();
        _acked.Dispose();
    }

    private OpHash HashAt(long sequence) => sequence == _forgotten ? _forgottenHash : _log[(int)(sequence - _forgotten) - 1].Hash;

    // How many of so many ops may leave: as many as the hub's window and a batch hold, none if that is less than the least, a quarter of the window at the most.
    private int Fitting(int most, int least)
    {
        var room = _windowBytes - Volatile.Read(ref _unackedBytes);
        var (ops, bytes) = (0, 0L);
        while (ops < most && ops < OpOutbox.LargestBatchOps && bytes + LogBytes(ops) <= room)
        {
            bytes += LogBytes(ops++);
        }

        return ops < Math.Min(least, OpOutbox.LargestBatchOps) && bytes < _windowBytes / 4 ? 0 : ops;

        int LogBytes(int ahead) => _log[(int)(_sent - _forgotten) + ahead].Bytes.Length;
    }

    private async Task SendBatchAsync(int ops, CancellationToken cancellation)
    {
        var bytes = 0L;
        var batch = new OpBatch { Nonce = _nonce, Incarnation = Holder.Incarnation.Value, FirstSequence = _sent + 1, PreviousHash = UnsafeByteOperations.UnsafeWrap(HashAt(_sent).ToBytes()) };
        for (var i = 0; i < ops; i++)
        {
            var envelope = _log[(int)(_sent - _forgotten) + i].Bytes;
            bytes += envelope.Length;
            batch.Envelopes.Add(UnsafeByteOperations.UnsafeWrap(envelope));
        }

        var head = new LogHead(Holder, _sent + ops, HashAt(_sent + ops));
        batch.Signature = UnsafeByteOperations.UnsafeWrap(_key.SignData(head.ToSignedBytes(), HashAlgorithmName.SHA256));
        lock (_underWay)
        {
            _underWay.Enqueue((head.Sequence, bytes, Stopwatch.GetTimestamp()));
        }

        Interlocked.Add(ref _unackedBytes, bytes);
        _sent = head.Sequence;
        cancellation.ThrowIfCancellationRequested();
        await WriteAsync(new AgentFrame { OpBatch = batch });
    }

    private async Task WriteAsync(AgentFrame frame)
    {
        await _writing.WaitAsync();
        try
        {
            await _call!.RequestStream.WriteAsync(frame);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task BeatAsync()
    {
        try
        {
            await WriteAsync(new AgentFrame { Heartbeat = new AgentHeartbeat { TipSequence = TipSequence, FeedPosition = _feed } });
        }
        catch (Exception fault) when (fault is RpcException or IOException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            _fault ??= fault; // whoever sends is told by the receiver's end
        }
    }

    private async Task ReceiveAsync(IAsyncStreamReader<HubFrame> frames, CancellationToken cancellation)
    {
        try
        {
            while (await frames.MoveNext(cancellation))
            {
                await TakeAsync(frames.Current);
            }

            throw new InvalidOperationException("The hub closed the stream.");
        }
        catch (Exception fault)
        {
            _fault = fault;
            _answer?.TrySetException(fault);
            _acked.Release();
        }
    }

    private async Task TakeAsync(HubFrame frame)
    {
        switch (frame.FrameCase)
        {
            case HubFrame.FrameOneofCase.OpAck:
                if (frame.OpAck.Classified.Count > 0)
                {
                    throw new InvalidOperationException($"An op was not taken as it should be: {frame.OpAck.Classified[0]}");
                }

                OnAck(frame.OpAck.CommittedSequence);
                break;
            case HubFrame.FrameOneofCase.MemberDelta:
                _taken += frame.MemberDelta.CalculateSize();
                if (_taken - _told >= ToldEvery)
                {
                    _told = _taken;
                    await WriteAsync(new AgentFrame { FramesTaken = new FramesTaken { Bytes = _taken } });
                }

                break;
            case HubFrame.FrameOneofCase.FeedMark:
                Volatile.Write(ref _feed, frame.FeedMark.Position);
                break;
            case HubFrame.FrameOneofCase.IdentifyReply:
                _answer?.TrySetResult(frame);
                break;
            case HubFrame.FrameOneofCase.Challenge:
                await WriteAsync(new AgentFrame { ChallengeReply = new ChallengeReply { Id = frame.Challenge.Id } });
                break;
            default:
                break;
        }
    }

    private void OnAck(long sequence)
    {
        if (sequence <= _committed)
        {
            return;
        }

        lock (_underWay)
        {
            while (_underWay.TryPeek(out var batch) && batch.Sequence <= sequence)
            {
                Interlocked.Add(ref _unackedBytes, -_underWay.Dequeue().Bytes);
                LatenciesMs.Add(Stopwatch.GetElapsedTime(batch.Since).TotalMilliseconds);
            }
        }

        Volatile.Write(ref _committed, sequence);
        _acked.Release();
    }
}
