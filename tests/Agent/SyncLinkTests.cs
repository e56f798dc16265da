using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using FrameCase = SyncHub.V1.AgentFrame.FrameOneofCase;

namespace SyncHub.Agent.Tests;

/// <summary>The agent with a hub at the other end of a real connection.</summary>
public sealed class SyncLinkTests : IAsyncLifetime
{
    private static readonly Holder Holder = new(new StoreId(7), Incarnation.Of(1, 1));

    private readonly TempFolder _folder = new();
    private ScriptedHub _hub = null!;
    private AgentHost _agent = null!;
    private GrpcChannel _channel = null!;
    private V1.Till.TillClient _till = null!;

    public async Task InitializeAsync()
    {
        _hub = await ScriptedHub.StartAsync();
        new StoreIdentity(7, "Test Street", Holder.Incarnation.Value, "").Write(_folder.Path);
        await StartAsync(_hub.OptionsOf(_folder.Path));
    }

    private async Task StartAsync(AgentOptions options)
    {
        _agent = await AgentHost.StartAsync(options, NullLoggerFactory.Instance);
        _channel = GrpcChannel.ForAddress(FormattableString.Invariant($"http://127.0.0.1:{_agent.TillGrpcPort}"));
        _till = new V1.Till.TillClient(_channel);
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StopAsync()
    {
        _channel.Dispose();
        await _agent.DisposeAsync();
    }

    [Fact]
    public async Task Ops_go_up_in_order_and_after_a_lost_connection_from_the_watermark_on()
    {
        var session = await _hub.NextSessionAsync();
        var member = await RegisterAsync();
        await session.WelcomeAsync();
        var first = (await session.NextAsync(FrameCase.OpBatch)).OpBatch;
        var registered = OpCodec.Decode(first.Envelopes[0].Memory);
        Assert.Equal((1, OpType.RegisterMember), (first.FirstSequence, registered.Type));
        var hash = OpHash.FromBytes(first.PreviousHash.Span).Next(first.Envelopes[0].Span);
        session.Ended.SetResult();

        await _till.TopUpAsync(new V1.TopUpRequest { RequestId = "t", MemberId = member, AmountMinor = 5 });
        session = await _hub.NextSessionAsync();
        await session.WelcomeAsync(1, hash, token: 2);
        Assert.Equal((2, 1), (session.Hello.TipSequence, session.Hello.Token));
        var second = (await session.NextAsync(FrameCase.OpBatch)).OpBatch;
        Assert.Equal((2, hash), (second.FirstSequence, OpHash.FromBytes(second.PreviousHash.Span)));
        Assert.Equal(session.Hello.Nonce, second.Nonce);
    }

    [Fact]
    public async Task A_payment_waits_for_rights_that_another_store_gives_up()
    {
        var session = await _hub.NextSessionAsync();
        var member = await RegisterAsync();
        await session.WelcomeAsync();
        await session.NextAsync(FrameCase.OpBatch); // the welcome is taken
        await session.SendAsync(new V1.HubFrame { MemberDelta = Delta(member, 4, 6_000) });
        await OnlineAsync(session);

        var paying = _till.SellAsync(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 6_000 }).ResponseAsync;
        var ask = (await session.NextAsync(FrameCase.RightsRequest)).RightsRequest;
        Assert.Equal((6_000, V1.RightsReason.Checkout), (ask.Targets[0].GrantedTarget, ask.Reason));
        await session.SendAsync(new V1.HubFrame { RightsReply = new V1.RightsReply { Request = ask.Request, Rights = Rights(member, 6_000) } });
        var receipt = (await paying).Receipt;
        Assert.Equal((6_000, 6_000, true), (receipt.PaidPrincipalMinor, receipt.RevokedElsewhereMinor, receipt.WasOnline));
    }

    [Fact]
    public async Task Tills_that_ask_at_once_are_each_given_their_own_answer_and_their_sales_go_up()
    {
        const int Tills = 6;
        var session = await _hub.NextSessionAsync();
        var members = new string[Tills];
        for (var i = 0; i < Tills; i++)
        {
            members[i] = (await _till.RegisterAsync(new V1.RegisterRequest { RequestId = $"r{i}", Name = $"Member {i}" })).Member.MemberId;
        }

        await session.WelcomeAsync();
        await session.NextAsync(FrameCase.OpBatch);
        foreach (var member in members)
        {
            await session.SendAsync(new V1.HubFrame { MemberDelta = Delta(member, 4, 6_000) });
        }

        await OnlineAsync(session);
        var paying = members.Select((member, i) => _till.SellAsync(new V1.SaleRequest { RequestId = $"s{i}", MemberId = member, BillMinor = 1_000 + i }).ResponseAsync).ToArray();
        var asks = new List<V1.RightsRequest>();
        while (asks.Count < Tills)
        {
            asks.Add((await session.NextAsync(FrameCase.RightsRequest)).RightsRequest);
        }

        asks.Reverse();
        foreach (var ask in asks)
        {
            var member = new MemberId(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(ask.Member.Span)).ToString();
            await session.SendAsync(new V1.HubFrame { RightsReply = new V1.RightsReply { Request = ask.Request, Rights = Rights(member, ask.Targets[0].GrantedTarget) } });
        }

        for (var i = 0; i < Tills; i++)
        {
            Assert.Equal(1_000 + i, (await paying[i]).Receipt.PaidPrincipalMinor);
        }

        for (var up = 0L; up < 2 * Tills;)
        {
            var batch = (await session.NextAsync(FrameCase.OpBatch)).OpBatch;
            up = batch.FirstSequence + batch.Envelopes.Count - 1;
        }
    }

    [Fact]
    public async Task A_hub_that_does_not_answer_costs_the_deadline_and_then_a_refusal_that_names_the_store()
    {
        await _hub.NextSessionAsync();
        await StopAsync();
        await StartAsync(_hub.OptionsOf(_folder.Path) with { CheckoutDeadlineMs = 100 });
        var session = await _hub.NextSessionAsync();
        var member = await RegisterAsync();
        await session.WelcomeAsync();
        await session.SendAsync(new V1.HubFrame { PolicyDelta = new V1.PolicyDelta { Version = 2, Stores = { new V1.StoreName { Store = 12, Name = "Harbour" } } } });
        await session.SendAsync(new V1.HubFrame { MemberDelta = Delta(member, 4, 6_000) });
        await OnlineAsync(session);
        var rejection = (await _till.SellAsync(new V1.SaleRequest { RequestId = "s", MemberId = member, BillMinor = 6_000 })).Rejection;
        Assert.Equal(V1.RejectionCode.InsufficientRights, rejection.Code);
        Assert.Equal("Harbour", Assert.Single(rejection.Available.Elsewhere).StoreName);
    }

    [Fact]
    public async Task An_unknown_member_is_fetched_from_the_hub()
    {
        var session = await _hub.NextSessionAsync();
        await session.WelcomeAsync();
        await OnlineAsync(session);
        var member = new MemberId(77).ToString();
        var identifying = _till.IdentifyAsync(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = "555000" } }).ResponseAsync;
        var ask = (await session.NextAsync(FrameCase.Identify)).Identify;
        Assert.Equal(("555000", true), (ask.Phone, ask.Prefetch));
        await session.SendAsync(new V1.HubFrame { IdentifyReply = new V1.IdentifyReply { Request = ask.Request, Found = true, Member = Delta(member, 1, 900), Rights = Rights(member, 300) } });
        var view = (await identifying).Member;
        Assert.Equal((member, 300, 900), (view.MemberId, view.Available.HereMinor, view.Available.ConfirmedMinor));
    }

    [Fact]
    public async Task A_revoke_is_answered_by_its_op_and_by_a_frame_of_its_own_where_there_is_nothing_to_give()
    {
        var session = await _hub.NextSessionAsync();
        var member = await RegisterAsync();
        await session.WelcomeAsync();
        await session.NextAsync(FrameCase.OpBatch);
        await session.SendAsync(new V1.HubFrame { Rights = Rights(member, 800) });
        var ask = new V1.RevokeAsk { Member = EngineDriver.Bytes(member), Incarnation = Holder.Incarnation.Value, Id = 31 };
        ask.Lines.Add(new V1.RevokeLine { Bucket = EngineDriver.Principal, AsOfGranted = 800 });
        await session.SendAsync(new V1.HubFrame { RevokeAsk = ask });

        var batch = (await session.NextAsync(FrameCase.OpBatch)).OpBatch;
        Assert.Equal((OpType.Relinquish, 800), (OpCodec.Decode(batch.Envelopes[0].Memory).Type, OpCodec.Decode(batch.Envelopes[0].Memory).Moves[0].AmountMinor));

        ask.Id = 32;
        await session.SendAsync(new V1.HubFrame { RevokeAsk = ask });
        Assert.Equal(32, (await session.NextAsync(FrameCase.RevokeDone)).RevokeDone.Id); // nothing left to give, and said so
    }

    [Fact]
    public async Task A_stale_database_locks_itself_and_says_so_in_the_next_hello()
    {
        var session = await _hub.NextSessionAsync();
        var member = await RegisterAsync();
        var hello = (await session.NextAsync(FrameCase.Hello)).Hello;
        await session.SendAsync(new V1.HubFrame { Stale = new V1.Stale { Nonce = ByteString.CopyFromUtf8("another"), Reason = "late" } });
        await session.SendAsync(new V1.HubFrame { Stale = new V1.Stale { Nonce = hello.Nonce, Reason = "The hub remembers more." } });
        var next = await _hub.NextSessionAsync();
        Assert.True((await next.NextAsync(FrameCase.Hello)).Hello.Locked);
        var rejection = (await _till.TopUpAsync(new V1.TopUpRequest { RequestId = "t", MemberId = member, AmountMinor = 5 })).Rejection;
        Assert.Equal(V1.RejectionCode.AgentLocked, rejection.Code);
        Assert.Contains("The hub remembers more.", rejection.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_with_another_history_locks_the_store()
    {
        var session = await _hub.NextSessionAsync();
        await RegisterAsync();
        await session.WelcomeAsync(1, OpHash.Genesis.Next("forged"u8));
        await (await _hub.NextSessionAsync()).NextAsync(FrameCase.Hello);
        Assert.True((await _till.StatusAsync(new V1.StatusRequest())).Locked);
    }

    [Fact]
    public async Task Acknowledged_ops_leave_the_backlog()
    {
        var session = await _hub.NextSessionAsync();
        await RegisterAsync();
        await session.WelcomeAsync();
        await session.NextAsync(FrameCase.OpBatch);
        await session.SendAsync(new V1.HubFrame { OpAck = new V1.OpAck { Incarnation = Holder.Incarnation.Value, CommittedSequence = 1 } });
        await OnlineAsync(session);
        var status = await _till.StatusAsync(new V1.StatusRequest());
        Assert.Equal((true, 0, 1, 0), (status.Online, status.OfflineSinceMs, status.CommittedSequence, status.BacklogOps));
    }

    // Frames are handled in order: when the agent has answered this ask, it has taken in all frames before it.
    private static async Task OnlineAsync(ScriptedHub.Session session)
    {
        await session.SendAsync(new V1.HubFrame { RevokeAsk = new V1.RevokeAsk { Member = ByteString.CopyFrom(new byte[16]), Incarnation = Holder.Incarnation.Value } });
        await session.NextAsync(FrameCase.RevokeDone);
    }

    private async Task<string> RegisterAsync() =>
        (await _till.RegisterAsync(new V1.RegisterRequest { RequestId = "r", Name = "Li Lei" })).Member.MemberId;

    private static V1.Rights Rights(string member, long granted)
    {
        var rights = new V1.Rights { Member = EngineDriver.Bytes(member), Incarnation = Holder.Incarnation.Value };
        rights.Lines.Add(new V1.GrantedLine { Bucket = EngineDriver.Principal, Granted = granted });
        return rights;
    }

    private static V1.MemberDelta Delta(string member, long version, long atHarbour)
    {
        var delta = new V1.MemberDelta { Member = EngineDriver.Bytes(member), Version = version, Profile = new V1.MemberProfile { Name = "Li Lei", Phone = "555000" } };
        delta.Holdings.Add(new V1.Holding { Bucket = EngineDriver.Principal, Store = 12, AmountMinor = atHarbour });
        return delta;
    }
}
