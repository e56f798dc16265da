using System.Security.Cryptography;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using LotId = SyncHub.Core.Wallets.LotId;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

public sealed class ExpirySweepTests
{
    [Fact]
    public async Task The_nightly_sweep_breaks_the_free_part_of_an_expired_lot_and_a_restart_remembers_it()
    {
        var time = new ShiftedTime();
        await using var hub = await HubFixture.StartAsync(options => options with { Time = time });
        await using var store = await hub.EnrolAsync();
        var lot = Bucket.Of(new LotId(store.Holder.Store, 1, Calendar.DayOf(time.GetUtcNow().ToUnixTimeMilliseconds()) + 10));
        var member = MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);
        await store.LogAsync(OpType.TopUp, member, Credit(lot, 500));
        await store.LogAsync(OpType.Relinquish, member, new Core.Ops.Move(Core.Ops.MoveKind.Relinquish, lot, 300, 0));
        await store.DisconnectAsync();

        Assert.Equal(1, await hub.SweepAsync());
        Assert.Equal(500, (await hub.WalletAsync(member)).BonusMinor);

        time.Forward(TimeSpan.FromDays(11));
        Assert.Equal(1, await hub.SweepAsync());
        await hub.RestartAsync();

        var bucket = Assert.Single((await hub.WalletAsync(member)).Buckets, bucket => bucket.Bucket.Lot is not null);
        Assert.Equal((200, 0, 300), (bucket.Total, bucket.Pool, bucket.BreakageMinor));
    }
}
