using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;
using static SyncHub.Verify.Tests.Make;

namespace SyncHub.Verify.Tests;

/// <summary>Members and lives are where everybody looks for them.</summary>
public sealed class CellCheckTests
{
    [Fact]
    public async Task Members_and_lives_of_another_cell_are_found()
    {
        StoreDocument[] stores = [.. Enumerable.Range(1, 2).Select(store => new StoreDocument { Store = store, Name = "S", Incarnation = Incarnation })];
        using var chains = await Chains.HealthyAsync(chain => chain.HubDocuments(
            [new DocumentWrite("meta", "cell"u8.ToArray(), "2/2"u8.ToArray()), .. stores.Select(store => new DocumentWrite("store", [0, 0, 0, (byte)store.Store], store.ToByteArray()))]));
        var found = chains.Audit().Counts;
        Assert.Equal(2, found["life_elsewhere"]); // given by the hub of a chain of one cell
    }

    [Fact]
    public async Task A_member_is_looked_for_by_the_rule_of_the_product()
    {
        var expected = new[] { Ann, Bob, new UInt128(1, 2), new UInt128(3, 4), new UInt128(5, 6), new UInt128(7, 8) }.Count(member => new Core.Primitives.Cell(1, 2).NumberOf(new Core.Primitives.MemberId(member)) != 1);
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            foreach (var number in new ulong[] { 1, 3, 5, 7 })
            {
                await chain.Event(new UInt128(number, number + 1), new MemberEventRecord { Registered = new RegisteredEvent { Profile = new MemberProfile { Name = "D" } } });
            }

            await chain.HubDocuments(new DocumentWrite("meta", "cell"u8.ToArray(), "1/2"u8.ToArray()));
        });
        var found = chains.Audit().Counts;
        Assert.Equal(0, found.GetValueOrDefault("life_elsewhere"));
        Assert.Equal(expected, found.GetValueOrDefault("member_elsewhere"));
        Assert.InRange(expected, 1, 5);
    }
}
