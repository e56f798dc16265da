using System.Security.Cryptography;
using SyncHub.Core.Identity;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using Xunit;

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

    private static bool[] Places(FollowedOps followed, params GrainMessage[] batch)
    {
        followed.Find(batch);
        return [.. batch.Select((message, place) => followed.Mark(message, place).Message is OpArrived { PlacesLater: true })];
    }

    private static GrainMessage OpOf(MemberId member) =>
        new(member, new OpArrived(new Op { Id = new OpId(new Holder(new StoreId(1), new Incarnation(1)), 1), Type = OpType.Sale, Member = member }));
}
