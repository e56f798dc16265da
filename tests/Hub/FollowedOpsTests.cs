using System.Security.Cryptography;
using SyncHub.Core.Identity;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;

namespace SyncHub.Hub.Tests;

/// <summary>For which ops of a batch rights are placed.</summary>
public sealed class FollowedOpsTests
{
    private static readonly MemberId Ann = MemberId.Create(1, RandomNumberGenerator.GetBytes(10));
    private static readonly MemberId Bob = MemberId.Create(1, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public void The_last_op_of_each_member_places_and_what_is_no_op_stands_for_none()
    {
        var followed = new FollowedOps();

        Assert.Equal([true, true, true, false, false, false], Places(followed, OpOf(Ann), OpOf(Bob), OpOf(Ann), OpOf(Ann), OpOf(Bob), new GrainMessage(Bob, new StateWanted(this))));
        Assert.Equal([false], Places(followed, OpOf(Ann))); // nothing is left of the batch before
        Assert.Empty(Places(followed));
    }

    [Fact]
    public async Task A_hub_asks_nobody_for_what_the_next_op_of_the_batch_has_spent()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { Storage = "", Partitions = 1 });
        await using var first = await hub.EnrolAsync();
        await using var second = await hub.EnrolAsync();
        await first.ConnectAsync();
        await second.ConnectAsync();
        await first.LogAsync(OpType.RegisterMember, Ann);
        for (var i = 0; i < 3; i++)
        {
            await BuyAsync(first, 2_000);
            await BuyAsync(second, 2_000);
        }

        await first.LogAsync(OpType.TopUp, Ann, Credit(Bucket.Principal, 12_000));
        first.Append(OpType.Sale, Ann, Debit(Bucket.Principal, 2_000)); // alone it would have the rest spread
        var last = first.Append(OpType.Sale, Ann, Debit(Bucket.Principal, 10_000));
        await first.SendOpsAsync((int)last.Id.Sequence - 1);

        var asked = false;
        await first.ReadUntilAsync(frame => (asked |= frame.RevokeAsk is not null) || frame.OpAck?.CommittedSequence >= last.Id.Sequence, "ack or ask");
        Assert.False(asked);
    }

    private static async Task BuyAsync(ScriptedAgent store, long amount)
    {
        await store.LogAsync(OpType.TopUp, Ann, Credit(Bucket.Principal, amount));
        await store.LogAsync(OpType.Sale, Ann, Debit(Bucket.Principal, amount));
    }

    private static bool[] Places(FollowedOps followed, params GrainMessage[] batch)
    {
        followed.Find(batch);
        return [.. batch.Select((message, place) => followed.Mark(message, place).Message is OpArrived { PlacesLater: true })];
    }

    private static GrainMessage OpOf(MemberId member) =>
        new(member, new OpArrived(new Op { Id = new OpId(new Holder(new StoreId(1), new Incarnation(1)), 1), Type = OpType.Sale, Member = member }));
}
