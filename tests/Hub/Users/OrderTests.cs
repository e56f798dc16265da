using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;
using SyncHub.V1;
using Xunit;
using Bucket = SyncHub.Core.Wallets.Bucket;
using BucketKind = SyncHub.V1.BucketKind;
using CoreOp = SyncHub.Core.Ops.Op;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests.Users;

/// <summary>Value by hand and refunds that headquarters orders: two people, one store that books it, once.</summary>
public sealed class OrderTests
{
    private const string Password = "correct horse battery";
    private static readonly MemberId Member = new(77);

    [Fact]
    public async Task One_orders_another_approves_the_store_books_and_the_ledger_and_the_trail_have_both_names()
    {
        await using var hub = await StartAsync();
        await using var store = await ConnectedAsync(hub);
        var (ann, ben, mia) = (await BearerAsync(hub, "ann"), await BearerAsync(hub, "ben"), await BearerAsync(hub, "mia"));
        var approvals = new Approvals.ApprovalsClient(hub.Channel);
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.AskForAsync(Gift(500), mia)));
        var asked = await approvals.AskForAsync(Gift(500), ann);
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, ann)));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, hub.Admin)));
        Assert.Equal(0, (await hub.WalletAsync(Member)).PrincipalMinor);

        var approving = approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, ben).ResponseAsync;
        var order = await OrderAsync(store);
        Assert.Equal((asked.Id, "ann", "ben", "goodwill", 500L), (order.Id, order.OrderedBy, order.ApprovedBy, order.Reason, order.Adjustment.DeltaMinor));
        await BookAsync(store, order);
        var done = await approving;

        Assert.Equal((ApprovalState.Done, "Booked as op 2 of store 1"), (done.State, done.Outcome[..25]));
        Assert.Equal(500, (await hub.WalletAsync(Member)).PrincipalMinor);
        var entry = Assert.Single(await hub.AuditAsync(new ListAuditRequest { What = "Approvals/Approve" }), row => row.Outcome == "done");
        Assert.Equal(("user ben", "ann", 1, Member.ToString()), (entry.Who, entry.RequestedBy, entry.Store, entry.MemberId));
        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, ben)));
    }

    [Fact]
    public async Task A_store_that_is_away_is_told_when_it_is_back_also_by_a_hub_that_was_restarted()
    {
        await using var hub = await StartAsync();
        await using var store = await ConnectedAsync(hub);
        await store.DisconnectAsync();
        await hub.RestartAsync();
        var id = await ApprovedAsync(hub, Gift(500), ApprovalState.Approved);
        await hub.RestartAsync();

        await store.ConnectAsync();
        await BookAsync(store, await OrderAsync(store));

        await SettledAsync(hub, id, ApprovalState.Done);
        Assert.Equal(500, (await hub.WalletAsync(Member)).PrincipalMinor);
    }

    [Fact]
    public async Task What_a_store_has_booked_is_not_ordered_again_although_its_answer_was_lost()
    {
        await using var hub = await StartAsync(patience: TimeSpan.FromMilliseconds(100));
        await using var store = await ConnectedAsync(hub);
        var approving = ApprovedAsync(hub, Gift(500), ApprovalState.Approved);
        var order = await OrderAsync(store);
        store.AppendBytes(Booked(store, order));
        await store.SendOpsAsync(store.Log.Count);
        await store.AckAsync(store.Log.Count);
        await store.DisconnectAsync(); // before it answered
        var id = await approving;
        await hub.RestartAsync();

        await store.ConnectAsync();

        await SettledAsync(hub, id, ApprovalState.Done);
        var next = await ApprovedAsync(hub, Gift(7), expected: null);
        Assert.Equal(next, (await OrderAsync(store)).Id); // no other came before it
        Assert.Equal(500, (await hub.WalletAsync(Member)).PrincipalMinor);
    }

    [Fact]
    public async Task What_a_store_refuses_is_said_with_its_words_and_forged_ones_are_not_shown()
    {
        await using var hub = await StartAsync();
        await using var store = await ConnectedAsync(hub);
        foreach (var (said, shown) in (IEnumerable<(string, string)>)[("The member has no more.", "Store 1 booked nothing: The member has no more."), ("a\nforged line", "Store 1 booked nothing: The store refused, and did not say why.")])
        {
            var approving = ApprovedAsync(hub, Gift(-500), ApprovalState.Refused);
            var order = await OrderAsync(store);
            await store.SendAsync(new AgentFrame { OrderReply = new StoreOrderReply { Nonce = store.Nonce, Id = order.Id, Refusal = said } });
            Assert.Equal(shown, (await FindAsync(hub, await approving)).Outcome);
        }
    }

    [Fact]
    public async Task Another_store_cannot_answer_for_the_one_that_was_told()
    {
        await using var hub = await StartAsync();
        await using var store = await ConnectedAsync(hub);
        await using var other = await hub.EnrolAsync();
        await other.ConnectAsync();
        var approving = ApprovedAsync(hub, Gift(500), ApprovalState.Done);
        var order = await OrderAsync(store);
        await other.SendAsync(new AgentFrame { OrderReply = new StoreOrderReply { Nonce = other.Nonce, Id = order.Id, Refusal = "no" } });
        await other.LogAsync(OpType.RegisterMember, new MemberId(78)); // the hub has read what came before
        await BookAsync(store, order);
        await approving;
    }

    [Fact]
    public async Task What_no_store_was_told_of_can_be_taken_back_and_then_never_comes()
    {
        await using var hub = await StartAsync();
        await using var store = await ConnectedAsync(hub);
        await store.DisconnectAsync();
        await hub.RestartAsync();
        var id = await ApprovedAsync(hub, Gift(500), ApprovalState.Approved);
        var approvals = new Approvals.ApprovalsClient(hub.Channel);

        Assert.Equal(ApprovalState.Rejected, (await approvals.RejectAsync(new DecideRequest { Id = id }, await BearerAsync(hub, "ann"))).State);

        await store.ConnectAsync();
        var next = await ApprovedAsync(hub, Gift(7), expected: null);
        Assert.Equal(next, (await OrderAsync(store)).Id);
        await Assert.ThrowsAsync<RpcException>(async () => await approvals.RejectAsync(new DecideRequest { Id = next }, await BearerAsync(hub, "ann")));
    }

    [Fact]
    public async Task A_refund_is_ordered_alike_of_a_sale_that_there_is_and_by_json_too()
    {
        await using var hub = await StartAsync();
        await using var store = await ConnectedAsync(hub);
        await store.LogAsync(OpType.TopUp, Member, ScriptedAgent.Credit(Bucket.Principal, 900));
        await store.LogAsync(OpType.Sale, Member, ScriptedAgent.Debit(Bucket.Principal, 900));
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{hub.HttpPort}/api/") };
        async Task<(HttpStatusCode Code, JsonElement Body)> CallAsync(string name, string path, object body)
        {
            http.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse((await BearerAsync(hub, name)).GetValue("authorization")!);
            using var answer = await http.PostAsJsonAsync(path, body);
            return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
        }

        object Refund(long sequence) => new { reason = "broken", refund = new { op = new { store = 1, incarnation = store.Holder.Incarnation.Value, sequence }, amount_minor = 400 } };
        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync("ann", "approvals", Refund(9))).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync("ann", "approvals", Refund(2))).Code); // a top-up
        var id = (await CallAsync("ann", "approvals", Refund(3))).Body.GetProperty("id").GetString();
        var approving = CallAsync("ben", $"approvals/{id}/approve", new { });
        var order = await OrderAsync(store);
        Assert.Equal((3L, 400L), (order.Refund.Op.Sequence, order.Refund.AmountMinor));
        await BookAsync(store, order);
        Assert.Equal("APPROVAL_STATE_DONE", (await approving).Body.GetProperty("state").GetString());
        Assert.Equal(400, (await hub.WalletAsync(Member)).PrincipalMinor);
    }

    [Fact]
    public async Task Orders_that_make_no_sense_are_refused_when_they_are_asked_for()
    {
        await using var hub = await StartAsync();
        await using var store = await ConnectedAsync(hub);
        var ann = await BearerAsync(hub, "ann");
        var approvals = new Approvals.ApprovalsClient(hub.Channel);
        (Action<OrderedAdjustment> Spoil, StatusCode Code)[] faults =
        [
            (adjustment => adjustment.DeltaMinor = 0, StatusCode.InvalidArgument), (adjustment => adjustment.DeltaMinor = long.MinValue, StatusCode.InvalidArgument), (adjustment => adjustment.Kind = BucketKind.Pending, StatusCode.InvalidArgument),
            (adjustment => adjustment.Store = 9, StatusCode.NotFound), (adjustment => adjustment.MemberId = new MemberId(5).ToString(), StatusCode.NotFound), (adjustment => adjustment.MemberId = "x", StatusCode.InvalidArgument),
        ];
        foreach (var (spoil, code) in faults)
        {
            var asked = Gift(500);
            spoil(asked.Adjustment);
            Assert.Equal(code, await CodeAsync(async () => await approvals.AskForAsync(asked, ann)));
        }
    }

    [Fact]
    public async Task At_a_hub_where_one_person_is_enough_whoever_orders_may_approve()
    {
        await using var hub = await StartAsync(onePersonIsEnough: true);
        await using var store = await ConnectedAsync(hub);
        var ann = await BearerAsync(hub, "ann");
        var approvals = new Approvals.ApprovalsClient(hub.Channel);
        var approving = approvals.ApproveAsync(new DecideRequest { Id = (await approvals.AskForAsync(Gift(500), ann)).Id }, ann).ResponseAsync;
        await BookAsync(store, await OrderAsync(store));
        Assert.Equal(ApprovalState.Done, (await approving).State);
    }

    private static AskForRequest Gift(long delta) => new() { Reason = "goodwill", Adjustment = new OrderedAdjustment { Store = 1, MemberId = Member.ToString(), Kind = BucketKind.Principal, DeltaMinor = delta } };

    private static async Task<HubFixture> StartAsync(bool onePersonIsEnough = false, TimeSpan? patience = null)
    {
        var hub = await HubFixture.StartAsync(options => options with { OnePersonIsEnough = onePersonIsEnough, OrderPatience = patience ?? HubFixture.Patience });
        await hub.AddUserAsync("ann", Role.Finance, Password);
        await hub.AddUserAsync("ben", Role.Finance, Password);
        await hub.AddUserAsync("mia", Role.Marketing, Password);
        return hub;
    }

    // A store that knows the member.
    private static async Task<ScriptedAgent> ConnectedAsync(HubFixture hub)
    {
        var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, Member);
        return store;
    }

    /// <returns>Its id, when the approval has come back in that state; at once where none is expected.</returns>
    private static async Task<string> ApprovedAsync(HubFixture hub, AskForRequest wanted, ApprovalState? expected)
    {
        var approvals = new Approvals.ApprovalsClient(hub.Channel);
        var asked = await approvals.AskForAsync(wanted, await BearerAsync(hub, "ann"));
        var approving = approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, await BearerAsync(hub, "ben")).ResponseAsync;
        if (expected is { } state)
        {
            Assert.Equal(state, (await approving).State);
        }

        return asked.Id;
    }

    private static async Task<Approval> FindAsync(HubFixture hub, string id) =>
        (await new Approvals.ApprovalsClient(hub.Channel).ListApprovalsAsync(new ListApprovalsRequest { ClosedToo = true }, hub.Admin)).Approvals.Single(approval => approval.Id == id);

    private static async Task SettledAsync(HubFixture hub, string id, ApprovalState state)
    {
        using var patience = new CancellationTokenSource(HubFixture.Patience);
        while ((await FindAsync(hub, id)).State != state)
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    private static async Task<StoreOrder> OrderAsync(ScriptedAgent store) => (await store.ReadUntilAsync(frame => frame.Order is not null, "an order")).Order;

    // As the agent does: the op, and the answer behind it.
    private static async Task BookAsync(ScriptedAgent store, StoreOrder order)
    {
        store.AppendBytes(Booked(store, order));
        await store.SendOpsAsync(store.Log.Count);
        await store.SendAsync(new AgentFrame { OrderReply = new StoreOrderReply { Nonce = store.Nonce, Id = order.Id, Op = OpIdCodec.ToWire(new Core.Primitives.OpId(store.Holder, store.Log.Count)) } });
        await store.AckAsync(store.Log.Count);
    }

    private static byte[] Booked(ScriptedAgent store, StoreOrder order) => OpCodec.Encode(new CoreOp
    {
        Id = new Core.Primitives.OpId(store.Holder, store.Log.Count + 1),
        Type = order.Adjustment is null ? OpType.Refund : OpType.Adjust,
        Member = Member,
        Moves = [ScriptedAgent.Credit(Bucket.Principal, order.Adjustment?.DeltaMinor ?? order.Refund.AmountMinor)],
        BillMinor = order.Refund?.AmountMinor ?? 0,
        Reference = order.Refund is { } refund ? OpIdCodec.ToCore(refund.Op) : null,
        RequestId = "hq-" + order.Id,
        Operator = order.OrderedBy,
        Cashier = order.OrderedBy,
        Approver = order.ApprovedBy,
        Note = order.Reason,
    });

    private static async Task<Metadata> BearerAsync(HubFixture hub, string name) => Doors.Bearer((await hub.LoginAsync(name, Password)).Token);

    private static async Task<StatusCode> CodeAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).StatusCode;
}
