using System.Security.Cryptography;
using Grpc.Core;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using MoveKind = SyncHub.Core.Ops.MoveKind;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>Credit limits and denials over the wire, and that they outlive a restart.</summary>
public sealed class CreditTests
{
    [Fact]
    public async Task A_credit_limit_is_granted_used_and_settled_and_a_restart_remembers_all_of_it()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var credits = new Credits.CreditsClient(hub.Channel);
        var member = MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);

        var wallet = await credits.SetCreditLimitAsync(new SetCreditLimitRequest { MemberId = member.ToString(), LimitMinor = 500 }, hub.Admin);
        Assert.Equal((500, 0), (wallet.CreditLimitMinor, wallet.ReceivableMinor));

        await store.AskAsync(1, member, Bucket.Credit, 300, RightsReason.Prefetch);
        await store.ReadUntilAsync(frame => frame.RightsReply is { Request: 1 }, "rights to credit");
        var state = (await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores.Single();
        Assert.Equal((0L, 300L, 0L), (state.ExposureMinor, state.CreditExposureMinor, state.FloorExposureMinor));

        await store.LogAsync(OpType.Sale, member, new Core.Ops.Move(MoveKind.Debit, Bucket.Credit, 200, 0));
        Assert.Equal(100, (await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores.Single().CreditExposureMinor);
        await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 1_000));
        Assert.Equal(200, (await hub.WalletAsync(member)).ReceivableMinor);
        await store.LogAsync(OpType.Relinquish, member, new Core.Ops.Move(MoveKind.Relinquish, Bucket.Principal, 1_000, 0));
        await store.DisconnectAsync();
        await hub.RestartAsync();

        wallet = await hub.WalletAsync(member);
        Assert.Equal((500, 0, 800), (wallet.CreditLimitMinor, wallet.ReceivableMinor, wallet.PrincipalMinor));
    }

    [Fact]
    public async Task A_denial_is_told_to_connected_stores_at_once_and_to_others_when_they_connect()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var credits = new Credits.CreditsClient(hub.Channel);
        var member = MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));
        await store.ConnectAsync();

        var listed = await credits.SetFloorDeniedAsync(new SetFloorDeniedRequest { MemberId = member.ToString(), Denied = true }, hub.Admin);
        Assert.Equal([member.ToString()], listed.MemberIds);
        var told = await store.ReadUntilAsync(frame => frame.PolicyDelta is { FloorDenied.Count: > 0 }, "denial");
        Assert.Equal(member.ToBytes(), told.PolicyDelta.FloorDenied[0].ToByteArray());

        await store.DisconnectAsync();
        await hub.RestartAsync();
        credits = new Credits.CreditsClient(hub.Channel);
        Assert.Equal([member.ToString()], (await credits.ListFloorDeniedAsync(new ListFloorDeniedRequest(), hub.Admin)).MemberIds);
        Assert.Empty((await credits.SetFloorDeniedAsync(new SetFloorDeniedRequest { MemberId = member.ToString() }, hub.Admin)).MemberIds);
    }

    [Fact]
    public async Task Nonsense_and_strangers_are_refused()
    {
        await using var hub = await HubFixture.StartAsync();
        var credits = new Credits.CreditsClient(hub.Channel);
        var limit = new SetCreditLimitRequest { MemberId = new MemberId(5).ToString(), LimitMinor = -1 };
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(async () => await credits.SetCreditLimitAsync(limit, hub.Admin))).StatusCode);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(async () => await credits.SetCreditLimitAsync(limit))).StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(async () => await credits.SetFloorDeniedAsync(new SetFloorDeniedRequest { MemberId = "x" }, hub.Admin))).StatusCode);
    }
}
