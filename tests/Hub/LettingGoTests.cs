using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using SyncHub.Core.Primitives;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>A hub whose memory holds fewer members than it has.</summary>
public sealed class LettingGoTests
{
    [Fact]
    public async Task A_member_that_is_let_go_leaves_a_snapshot_and_comes_back_as_it_was()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { Storage = "", Partitions = 1, GrainBudget = 1 });
        await using var store = await hub.EnrolAsync();
        var (ann, bob) = (NewMember(), NewMember());
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, ann);
        await store.LogAsync(OpType.TopUp, ann, Credit(Bucket.Principal, 1_000));
        for (var sale = 0; sale < 3; sale++)
        {
            await store.LogAsync(OpType.Sale, ann, Debit(Bucket.Principal, 100));
        }

        await store.LogAsync(OpType.RegisterMember, bob);
        await store.LogAsync(OpType.Sale, ann, Debit(Bucket.Principal, 100));
        Assert.Equal(600, (await hub.WalletAsync(ann)).PrincipalMinor);
        await store.DisconnectAsync();
        await hub.StopAsync();
        Assert.Equal(1, Snapshots(hub)); // bob's few records are read as fast as a snapshot
        await hub.OpenAgainAsync();
        Assert.Equal(600, (await hub.WalletAsync(ann)).PrincipalMinor);
    }

    private static MemberId NewMember() => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    private static long Snapshots(HubFixture hub)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(hub.Folder, "hub.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM snapshot";
        return (long)command.ExecuteScalar()!;
    }
}
