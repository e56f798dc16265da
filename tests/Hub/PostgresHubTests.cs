using System.Security.Cryptography;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Storage;
using SyncHub.Storage.Files;
using SyncHub.Storage.Tests.Postgres;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>The hub whose journal is a PostgreSQL database.</summary>
public sealed class PostgresHubTests(PostgresInstance instance) : IClassFixture<PostgresInstance>
{
    private static MemberId NewMember() => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_restart_and_the_chain_goes_on()
    {
        await using var hub = await StartAsync();
        var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);
        await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 10_000));
        await store.DisconnectAsync();

        await hub.RestartAsync();
        Assert.Equal(10_000, (await hub.WalletAsync(member)).PrincipalMinor);
        await hub.RestartAsync();
    }

    [Fact]
    public async Task An_op_in_flight_when_the_database_crashes_is_applied_once()
    {
        await using var hub = await StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        await store.LogAsync(OpType.RegisterMember, member);
        await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 1_000));

        instance.Halt("immediate");
        store.Append(OpType.Sale, member, Debit(Bucket.Principal, 300));
        await store.SendOpsAsync(from: 3);
        instance.Resume();
        await store.AckAsync(3);
        Assert.Equal(700, (await hub.WalletAsync(member)).PrincipalMinor);
    }

    [Fact]
    public async Task A_database_that_stays_away_stops_the_hub_and_no_op_is_blamed_for_it()
    {
        var storage = $"{instance.ConnectionString};Search Path=hub_{Guid.NewGuid():N}";
        await using var hub = await HubFixture.StartAsync(options => options with { Storage = storage, StoragePatienceMs = 300, GrainBudget = 1 });
        await using var store = await hub.EnrolAsync();
        MemberId[] members = [.. Enumerable.Range(0, 20).Select(_ => NewMember())];
        await store.ConnectAsync();
        foreach (var member in members)
        {
            await store.LogAsync(OpType.RegisterMember, member);
        }

        instance.Halt("immediate");
        foreach (var member in members)
        {
            store.Append(OpType.TopUp, member, Credit(Bucket.Principal, 100));
        }

        await store.SendOpsAsync(from: members.Length + 1);
        Assert.IsType<JournalUnavailableException>(await hub.Failed);
        await store.DisconnectAsync();
        instance.Resume();
        await hub.RestartAsync();
        await store.ConnectAsync();
        await store.SendOpsAsync(from: members.Length + 1);
        await store.AckAsync(2 * members.Length);
        foreach (var member in members)
        {
            Assert.Equal(100, (await hub.WalletAsync(member)).PrincipalMinor);
        }
    }

    [Fact]
    public async Task A_second_hub_is_refused_and_the_first_goes_on()
    {
        await using var hub = await StartAsync();
        var error = await Assert.ThrowsAsync<JournalUnavailableException>(() => HubFixture.StartAsync(options => options with { Storage = hub.Storage }));
        Assert.Contains("held by process", error.Message, StringComparison.Ordinal);
        await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin);
    }

    [Theory]
    [InlineData("receipt.key")]
    [InlineData("pin.key")]
    public async Task A_hub_with_other_secrets_than_the_chains_does_not_start(string secret)
    {
        await using var hub = await StartAsync();
        await hub.RestartAsync(folder =>
        {
            File.Move(Path.Combine(folder, secret), Path.Combine(folder, "aside"));
            return Task.CompletedTask;
        }).ContinueWith(started => Assert.Contains("is missing", Assert.IsType<ArgumentException>(started.Exception!.InnerException).Message, StringComparison.Ordinal), TaskScheduler.Default);

        PrivateFile.Write(Path.Combine(hub.Folder, secret), new byte[32]);
        var other = await Assert.ThrowsAsync<ArgumentException>(hub.OpenAgainAsync);
        Assert.Contains("is not that of this chain", other.Message, StringComparison.Ordinal);

        File.Move(Path.Combine(hub.Folder, "aside"), Path.Combine(hub.Folder, secret), overwrite: true);
        await hub.OpenAgainAsync();
    }

    [Fact]
    public async Task A_hub_that_lacks_a_secret_does_not_stand_by()
    {
        await using var hub = await StartAsync();
        var fault = await Assert.ThrowsAsync<ArgumentException>(() => HubFixture.StartAsync(options => options with { Storage = hub.Storage, StandsBy = true }));
        Assert.Contains("hub init", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_was_brought_back_begins_a_new_term_before_the_hub_starts()
    {
        var storage = $"{instance.ConnectionString};Search Path=hub_{Guid.NewGuid():N}";
        await using var hub = await StartAsync(storage);
        await using var store = await hub.EnrolAsync();
        HubRestored? restored = null;
        await hub.RestartAsync(async folder => restored = await HubBackup.BeginTermAsync(storage, folder, new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero)));
        Assert.Equal(1, restored!.Stores);
        Assert.InRange(restored.Term, 2, int.MaxValue);
    }

    private Task<HubFixture> StartAsync(string? storage = null) =>
        HubFixture.StartAsync(options => options with { Storage = storage ?? $"{instance.ConnectionString};Search Path=hub_{Guid.NewGuid():N}" });
}
