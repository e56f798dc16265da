using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>What headquarters sees of a machine that has to wait.</summary>
public sealed class QuarantineTests
{
    [Fact]
    public async Task A_copy_that_waits_in_quarantine_is_seen_also_after_the_store_has_connected_again()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await store.DisconnectAsync();
        await using var copy = store.CopyOnOtherMachine();
        await copy.ConnectAsync();
        Assert.NotNull(copy.Answer!.Quarantine);

        await store.ConnectAsync();

        Assert.NotNull(store.Answer!.Welcome);
        Assert.Equal(copy.Answer.Quarantine.Reason, await SeenAsync(hub));
    }

    [Fact]
    public async Task A_copy_that_is_gone_is_forgotten_when_the_store_connects_again()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await using var copy = store.CopyOnOtherMachine();
        await copy.ConnectAsync();
        Assert.NotEmpty(await SeenAsync(hub));
        await copy.DisconnectAsync();
        await store.DisconnectAsync();

        // How soon the hub hears of an end that nobody announced is the network's affair.
        for (var attempt = 0; attempt < 100 && (await SeenAsync(hub)).Length > 0; attempt++)
        {
            await store.ConnectAsync();
            await store.DisconnectAsync();
        }

        Assert.Empty(await SeenAsync(hub));
    }

    private static async Task<string> SeenAsync(HubFixture hub) => (await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores[0].Quarantine;
}
