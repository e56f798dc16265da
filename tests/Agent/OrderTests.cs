using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using FrameCase = SyncHub.V1.AgentFrame.FrameOneofCase;

namespace SyncHub.Agent.Tests;

/// <summary>What headquarters orders a store to book, with a hub at the other end of a real connection.</summary>
public sealed class OrderTests : IAsyncLifetime
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
        _agent = await AgentHost.StartAsync(_hub.OptionsOf(_folder.Path), NullLoggerFactory.Instance);
        _channel = GrpcChannel.ForAddress(FormattableString.Invariant($"http://127.0.0.1:{_agent.TillGrpcPort}"));
        _till = new V1.Till.TillClient(_channel);
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _agent.DisposeAsync();
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task It_is_an_op_with_both_names_its_answer_follows_it_and_however_often_it_comes_it_is_one()
    {
        var (session, member) = await WelcomedAsync();
        var order = Gift(member, 400);
        await session.SendAsync(new V1.HubFrame { Order = order });
        var op = OpCodec.Decode((await session.NextAsync(FrameCase.OpBatch)).OpBatch.Envelopes[0].Memory);
        var reply = (await session.NextAsync(FrameCase.OrderReply)).OrderReply;

        Assert.Equal((OpType.Adjust, 400, "ann", "ann", "ben", "goodwill", "hq-o1"), (op.Type, op.Moves[0].AmountMinor, op.Operator, op.Cashier, op.Approver, op.Note, op.RequestId));
        Assert.Equal((session.Hello.Nonce, "o1", 2L, ""), (reply.Nonce, reply.Id, reply.Op.Sequence, reply.Refusal));
        await session.SendAsync(new V1.HubFrame { Order = order });
        Assert.Equal(2, (await session.NextAsync(FrameCase.OrderReply)).OrderReply.Op.Sequence);
        Assert.Equal(2, (await _till.StatusAsync(new V1.StatusRequest())).TipSequence);
        Assert.Equal(400, (await _till.BalanceAsync(new V1.BalanceRequest { Key = new V1.MemberKey { MemberId = member } })).Member.Available.HereMinor);
    }

    [Fact]
    public async Task What_is_to_be_taken_is_fetched_from_the_hub_as_for_a_sale()
    {
        var (session, member) = await WelcomedAsync();
        await session.SendAsync(new V1.HubFrame { MemberDelta = Delta(member, 6_000) });
        await session.SendAsync(new V1.HubFrame { Order = Gift(member, -6_000) });
        var ask = (await session.NextAsync(FrameCase.RightsRequest)).RightsRequest;
        Assert.Equal((6_000, V1.RightsReason.Checkout), (ask.Targets[0].GrantedTarget, ask.Reason));
        var rights = new V1.Rights { Member = EngineDriver.Bytes(member), Incarnation = Holder.Incarnation.Value, Lines = { new V1.GrantedLine { Bucket = EngineDriver.Principal, Granted = 6_000 } } };
        await session.SendAsync(new V1.HubFrame { RightsReply = new V1.RightsReply { Request = ask.Request, Rights = rights } });
        Assert.Equal(2, (await session.NextAsync(FrameCase.OrderReply)).OrderReply.Op.Sequence);
    }

    [Fact]
    public async Task What_cannot_be_booked_is_refused_with_the_reason_and_nothing_is_logged()
    {
        var (session, member) = await WelcomedAsync();
        var unknown = new V1.StoreOrder { Id = "o4", OrderedBy = "ann", ApprovedBy = "ben", Reason = "x", Refund = new V1.OrderedRefund { Op = new V1.OpId { Store = 7, Incarnation = Holder.Incarnation.Value, Sequence = 99 }, AmountMinor = 1 } };
        (V1.StoreOrder Order, string Says)[] refused =
        [
            (Gift(member, -1), "The member has no more"), (unknown, ""), (new V1.StoreOrder { Id = "o5", OrderedBy = "ann", ApprovedBy = "ben", Reason = "x" }, "does not know such an order"),
            (new V1.StoreOrder(Gift(member, 5)) { Id = "o6", OrderedBy = "" }, "does not know such an order"), (new V1.StoreOrder(Gift(member, 5)) { Id = "o7", Reason = "a\nb" }, "does not know such an order"),
        ];
        foreach (var (order, says) in refused)
        {
            await session.SendAsync(new V1.HubFrame { Order = order });
            var reply = (await session.NextAsync(FrameCase.OrderReply)).OrderReply;
            Assert.Equal((order.Id, null), (reply.Id, reply.Op));
            Assert.NotEmpty(reply.Refusal);
            Assert.Contains(says, reply.Refusal, StringComparison.Ordinal);
        }

        Assert.Equal(1, (await _till.StatusAsync(new V1.StatusRequest())).TipSequence);
    }

    // The hub has rules of its own for who approves what (--one-person-is-enough); a till's rules do not overrule them.
    [Fact]
    public async Task Who_may_approve_an_order_is_the_hubs_business()
    {
        var (session, member) = await WelcomedAsync();
        await session.SendAsync(new V1.HubFrame { Order = new V1.StoreOrder(Gift(member, 5)) { ApprovedBy = "ann" } });
        Assert.Equal(2, (await session.NextAsync(FrameCase.OrderReply)).OrderReply.Op.Sequence);
    }

    [Fact]
    public async Task A_till_that_says_the_names_of_headquarters_gets_no_order_booked()
    {
        var (_, member) = await WelcomedAsync();
        var forged = new V1.AdjustRequest { RequestId = "hq-o1", MemberId = member, Kind = V1.BucketKind.Principal, DeltaMinor = 400, Reason = "goodwill", Terminal = "headquarters", Operator = "ann" };
        Assert.Equal(V1.RejectionCode.ApprovalNeeded, (await _till.AdjustAsync(forged)).Rejection.Code);
        (forged.Approver, forged.ApproverPin) = ("ben", "493017");
        Assert.Equal(V1.RejectionCode.WrongPin, (await _till.AdjustAsync(forged)).Rejection.Code);
    }

    private static V1.StoreOrder Gift(string member, long delta) =>
        new() { Id = "o1", OrderedBy = "ann", ApprovedBy = "ben", Reason = "goodwill", Adjustment = new V1.OrderedAdjustment { Store = 7, MemberId = member, Kind = V1.BucketKind.Principal, DeltaMinor = delta } };

    private static V1.MemberDelta Delta(string member, long free) => new()
    {
        Member = EngineDriver.Bytes(member),
        Version = 4,
        Profile = new V1.MemberProfile { Name = "Li Lei" },
        Holdings = { new V1.Holding { Bucket = EngineDriver.Principal, Store = 0, AmountMinor = free } },
    };

    private async Task<(ScriptedHub.Session Session, string Member)> WelcomedAsync()
    {
        var session = await _hub.NextSessionAsync();
        var member = (await _till.RegisterAsync(new V1.RegisterRequest { RequestId = "r", Name = "Li Lei" })).Member.MemberId;
        await session.WelcomeAsync();
        await session.NextAsync(FrameCase.OpBatch); // the welcome is taken
        return (session, member);
    }
}
