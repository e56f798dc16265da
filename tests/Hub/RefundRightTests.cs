using System.Security.Cryptography;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>Refund rights over the wire: when they move, to whom, and what the hub makes of a refund without one.</summary>
public sealed class RefundRightTests
{
    private readonly MemberId _member = MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public async Task A_right_moves_after_the_day_close_and_survives_a_restart_of_the_hub()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var seller = await hub.EnrolAsync();
        await using var other = await hub.EnrolAsync();
        var sale = await SellAsync(seller);
        await other.ConnectAsync();

        Assert.Equal((int)RejectionCode.RefundRightElsewhere, (await AskAsync(other, sale)).RefusalCode);
        seller.AppendBytes(OpCodec.Encode(new Core.Ops.Op { Id = new(seller.Holder, 4), Type = OpType.CloseDay, ClosedUpTo = 4 }));
        await seller.SendOpsAsync(from: 4);
        await seller.AckAsync(4);
        var right = (await AskAsync(other, sale)).Right;
        Assert.Equal((400, 1, 400), (right.Moves.Single().AmountMinor, right.Since, right.BillMinor));

        await hub.RestartAsync();
        await seller.ConnectAsync();
        await other.ConnectAsync();
        Assert.Equal(right, (await AskAsync(other, sale)).Right);
        Assert.Equal((int)RejectionCode.RefundRightElsewhere, (await AskAsync(seller, sale, since: 5)).RefusalCode);

        Assert.Empty((await RefundAsync(other, sale, 300)).Classified);
        Assert.Equal(900, (await hub.WalletAsync(_member)).PrincipalMinor);
        Assert.Equal(Classification.Anomaly, Assert.Single((await RefundAsync(other, sale, 101)).Classified).Classification);
        Assert.Equal(1_001, (await hub.WalletAsync(_member)).PrincipalMinor);
    }

    [Fact]
    public async Task A_day_close_counts_only_once_everything_before_it_is_here()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var seller = await hub.EnrolAsync();
        await using var other = await hub.EnrolAsync();
        var sale = await SellAsync(seller);
        await other.ConnectAsync();

        var refused = await AskAsync(other, new Core.Primitives.OpId(seller.Holder, 9));

        Assert.Equal((int)RejectionCode.UnknownOp, refused.RefusalCode);
        // An older agent's close says nothing of rights: it keeps them.
        await seller.LogAsync(OpType.CloseDay, default);
        Assert.Equal((int)RejectionCode.RefundRightElsewhere, (await AskAsync(other, sale)).RefusalCode);
    }

    [Fact]
    public async Task A_sale_and_its_refund_in_one_batch_are_both_normal()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var seller = await hub.EnrolAsync();
        await seller.ConnectAsync();
        seller.Append(OpType.RegisterMember, _member);
        seller.Append(OpType.TopUp, _member, Credit(Bucket.Principal, 1_000));
        var sale = seller.Append(OpType.Sale, _member, Debit(Bucket.Principal, 400));
        AppendRefund(seller, sale.Id, 400);
        await seller.SendOpsAsync();

        Assert.Empty((await seller.AckAsync(4)).Classified);
        Assert.Equal(1_000, (await hub.WalletAsync(_member)).PrincipalMinor);
    }

    [Fact]
    public async Task A_refund_of_an_op_that_nobody_logged_is_kept_and_reported()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var seller = await hub.EnrolAsync();
        await SellAsync(seller);

        var ack = await RefundAsync(seller, new Core.Primitives.OpId(seller.Holder, 77), 50);

        Assert.Equal(Classification.Anomaly, Assert.Single(ack.Classified).Classification);
        Assert.Equal(650, (await hub.WalletAsync(_member)).PrincipalMinor);
    }

    private void AppendRefund(ScriptedAgent store, Core.Primitives.OpId sale, long amount) => store.AppendBytes(OpCodec.Encode(new Core.Ops.Op
    {
        Id = new(store.Holder, store.Log.Count + 1),
        Type = OpType.Refund,
        Member = _member,
        Reference = sale,
        Moves = [Credit(Bucket.Principal, amount)],
    }));

    private async Task<OpAck> RefundAsync(ScriptedAgent store, Core.Primitives.OpId sale, long amount)
    {
        AppendRefund(store, sale, amount);
        await store.SendOpsAsync(store.Log.Count);
        return (await store.ReadUntilAsync(frame => frame.OpAck?.CommittedSequence >= store.Log.Count || frame.OpAck?.Classified.Count > 0, "ack of a refund")).OpAck;
    }

    private static async Task<RefundRightReply> AskAsync(ScriptedAgent store, Core.Primitives.OpId op, long since = 1)
    {
        await store.SendAsync(new AgentFrame { RefundRightRequest = new RefundRightRequest { Request = 7, Op = OpIdCodec.ToWire(op), Since = since } });
        return (await store.ReadUntilAsync(frame => frame.RefundRightReply is not null, "refund right")).RefundRightReply;
    }

    private async Task<Core.Primitives.OpId> SellAsync(ScriptedAgent seller)
    {
        await seller.ConnectAsync();
        await seller.LogAsync(OpType.RegisterMember, _member);
        await seller.LogAsync(OpType.TopUp, _member, Credit(Bucket.Principal, 1_000));
        await seller.LogAsync(OpType.Sale, _member, Debit(Bucket.Principal, 400));
        return new Core.Primitives.OpId(seller.Holder, 3);
    }
}
