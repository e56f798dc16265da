using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Core.Rights;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;
using SyncHub.V1;
using Hello = SyncHub.V1.Hello;
using Bucket = SyncHub.Core.Wallets.Bucket;
using Move = SyncHub.Core.Ops.Move;
using MoveKind = SyncHub.Core.Ops.MoveKind;
using OpId = SyncHub.Core.Primitives.OpId;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>The agent's side of the wire, played by hand: it logs ops with a true chain, and says what a test tells it to say.</summary>
internal sealed class ScriptedAgent(HubFixture hub, EnrolResponse identity, Machine? machine = null) : IAsyncDisposable
{
    private static readonly TimeSpan BetweenSigns = TimeSpan.FromSeconds(2);
    private readonly ByteString _nonce = ByteString.CopyFromUtf8(Guid.NewGuid().ToString());
    private AsyncDuplexStreamingCall<AgentFrame, HubFrame>? _call;
    private GrpcChannel? _channel;
    private long _feed;
    private long _token;
    private readonly SemaphoreSlim _writing = new(1);
    private CancellationTokenSource _ended = new();

    /// <summary>The machine that this agent says it is.</summary>
    public byte[] Device { get; set; } = Guid.NewGuid().ToByteArray();

    /// <summary>A wish for a new life; it makes the agent locked.</summary>
    public byte[] Wish { get; set; } = [];

    /// <summary>How many bytes of member changes the hub may have under way; 0: as agents that do not count them.</summary>
    public long WindowBytes { get; set; }

    /// <summary>The hub's answer to the newest Hello.</summary>
    public HubFrame? Answer { get; private set; }

    /// <summary>The names that its frames carry.</summary>
    public ByteString Nonce => _nonce;

    public List<byte[]> Log { get; } = [];

    public List<OpHash> Hashes { get; } = [OpHash.Genesis];

    public Holder Holder { get; } = new(new StoreId(identity.Store), new Incarnation(identity.Incarnation));

    /// <summary>A copy of this store's folder, empty still, on a machine of its own.</summary>
    public ScriptedAgent CopyOnOtherMachine() => new(hub, identity, machine);

    public async Task<Welcome> ConnectAsync()
    {
        _channel ??= machine is null ? null : hub.OpenChannel(machine.Certificate);
        _call = new V1.Sync.SyncClient(_channel ?? hub.Channel).Link();
        await _ended.CancelAsync();
        _ended = new CancellationTokenSource();
        await SendAsync(new AgentFrame
        {
            Hello = new Hello
            {
                Store = identity.Store,
                Incarnation = identity.Incarnation,
                Nonce = _nonce,
                TipSequence = Log.Count,
                TipHash = ByteString.CopyFrom(Hashes[^1].ToBytes()),
                FeedPosition = _feed,
                SchemaMax = 1,
                Token = _token,
                Device = ByteString.CopyFrom(Device),
                Wish = ByteString.CopyFrom(Wish),
                Locked = Wish.Length > 0,
                WindowBytes = WindowBytes,
            },
        });
        Answer = await ReadUntilAsync(frame => frame.FrameCase is HubFrame.FrameOneofCase.Welcome or HubFrame.FrameOneofCase.Stale or HubFrame.FrameOneofCase.Quarantine or HubFrame.FrameOneofCase.Reincarnated, "an answer to Hello");
        _token = Answer.Welcome?.Token ?? _token;
        _ = StayAsync(_call, _ended.Token);
        return Answer.Welcome!;
    }

    /// <summary>Wants to hear of every change again.</summary>
    public void ForgetFeed() => _feed = 0;

    public Task DisconnectAsync()
    {
        _ended.Cancel();
        _call?.Dispose();
        _call = null;
        return Task.CompletedTask;
    }

    /// <summary>Appends an op to the log without sending it.</summary>
    public Op Append(OpType type, MemberId member, params Move[] moves)
    {
        var op = new Op { Id = new OpId(Holder, Log.Count + 1), Type = type, Member = member, Moves = moves, BillMinor = moves.Sum(move => move.AmountMinor) };
        if (type == OpType.RegisterMember)
        {
            op = op with { Profile = new Core.Members.MemberProfile("Ann", "", "card-" + member, Holder.Store, "") };
        }

        AppendBytes(OpCodec.Encode(op));
        return op;
    }

    /// <summary>Appends a registration with a phone and a card.</summary>
    public void AppendRegistration(MemberId member, string phone, string card) =>
        AppendBytes(OpCodec.Encode(new Op { Id = new OpId(Holder, Log.Count + 1), Type = OpType.RegisterMember, Member = member, Profile = new Core.Members.MemberProfile("Ann", phone, card, Holder.Store, "") }));

    public void AppendBytes(byte[] bytes)
    {
        Log.Add(bytes);
        Hashes.Add(Hashes[^1].Next(bytes));
    }

    /// <summary>Sends the log from a sequence on, in one batch.</summary>
    public Task SendOpsAsync(int from = 1)
    {
        var batch = new OpBatch { Nonce = _nonce, Incarnation = identity.Incarnation, FirstSequence = from, PreviousHash = ByteString.CopyFrom(Hashes[from - 1].ToBytes()) };
        batch.Envelopes.AddRange(Log.Skip(from - 1).Select(ByteString.CopyFrom));
        if (machine is not null)
        {
            batch.Signature = machine.Sign(new LogHead(Holder, Log.Count, Hashes[^1]));
        }

        return SendAsync(new AgentFrame { OpBatch = batch });
    }

    /// <summary>Logs an op, sends it, and waits until the hub has it.</summary>
    public async Task<OpAck> LogAsync(OpType type, MemberId member, params Move[] moves)
    {
        Append(type, member, moves);
        await SendOpsAsync(Log.Count);
        return await AckAsync(Log.Count);
    }

    public async Task<OpAck> AckAsync(long sequence) => (await ReadUntilAsync(frame => frame.OpAck?.CommittedSequence >= sequence, $"ack of {sequence}")).OpAck;

    public Task AskAsync(long request, MemberId member, Bucket bucket, long target, RightsReason reason)
    {
        var ask = new RightsRequest { Nonce = _nonce, Request = request, Member = ByteString.CopyFrom(member.ToBytes()), Reason = reason, DeadlineMs = 500 };
        ask.Targets.Add(new RightsTarget { Bucket = BucketCodec.ToWire(bucket), GrantedTarget = target });
        return SendAsync(new AgentFrame { RightsRequest = ask });
    }

    public Task HandInAsync(long request, string code) =>
        SendAsync(new AgentFrame { OutOfBand = new OutOfBandReceipt { Nonce = _nonce, Request = request, Receipt = ReceiptCodec.TryRead(code) } });

    public Task SendAsync(AgentFrame frame) => SendAsync(_call!, frame, CancellationToken.None);

    public Task AnswerRevokeAsync(RevokeAsk ask) => SendAsync(new AgentFrame { RevokeDone = new RevokeDone { Nonce = _nonce, Member = ask.Member, Id = ask.Id } });

    public async Task<HubFrame> ReadUntilAsync(Predicate<HubFrame> wanted, string what)
    {
        using var deadline = new CancellationTokenSource(HubFixture.Patience);
        var seen = new List<string>();
        try
        {
            while (await _call!.ResponseStream.MoveNext(deadline.Token))
            {
                var frame = _call.ResponseStream.Current;
                if (frame.FeedMark is { } mark)
                {
                    _feed = mark.Position;
                }

                if (wanted(frame))
                {
                    return frame;
                }

                seen.Add(frame.FrameCase.ToString());
            }
        }
        catch (Exception fault) when (deadline.IsCancellationRequested && fault is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            throw new TimeoutException($"Store {Holder.Store} waited for {what} and saw {string.Join(", ", seen)}.", fault);
        }

        throw new InvalidOperationException($"Store {Holder.Store} waited for {what}; the stream ended after {string.Join(", ", seen)}.");
    }

    public static Move Credit(Bucket bucket, long amount) => new(MoveKind.Credit, bucket, amount, 0);

    public static Move Debit(Bucket bucket, long amount) => new(MoveKind.Debit, bucket, amount, 0);

    public static Move Relinquish(Bucket bucket, long amount) => new(MoveKind.Relinquish, bucket, amount, 0);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _call?.Dispose();
        _channel?.Dispose();
    }

    // The hub cuts whoever is silent for seconds, and a test on a busy machine may be silent for longer. A frame without a content means nothing to it.
    private async Task StayAsync(AsyncDuplexStreamingCall<AgentFrame, HubFrame> call, CancellationToken ended)
    {
        try
        {
            using var timer = new PeriodicTimer(BetweenSigns);
            while (await timer.WaitForNextTickAsync(ended))
            {
                await SendAsync(call, new AgentFrame(), ended);
            }
        }
        catch (Exception end) when (end is RpcException or OperationCanceledException or InvalidOperationException or IOException)
        {
            // The stream has ended; whoever uses it next hears why.
        }
    }

    private async Task SendAsync(AsyncDuplexStreamingCall<AgentFrame, HubFrame> call, AgentFrame frame, CancellationToken ended)
    {
        await _writing.WaitAsync(ended);
        try
        {
            await call.RequestStream.WriteAsync(frame, ended);
        }
        finally
        {
            _writing.Release();
        }
    }
}
