using Google.Protobuf;
using SyncHub.V1;
using static SyncHub.Verify.Tests.Make;

namespace SyncHub.Verify.Tests;

/// <summary>Value between merged members: under way, arrived, or invented.</summary>
public sealed class MergeTests
{
    [Fact]
    public async Task Value_that_left_and_has_not_arrived_is_unsettled_and_sound()
    {
        using var chains = await ChainOf(taken: 0);
        var report = chains.Audit();

        Assert.True(report.IsClean(converged: false), string.Join('\n', report.Findings));
        Assert.Equal(1, report.Counts["transfer_pending"]);
    }

    [Fact]
    public async Task Value_that_arrived_is_settled()
    {
        using var chains = await ChainOf(taken: 700);

        Assert.True(chains.Audit().IsClean(converged: true), string.Join('\n', chains.Audit().Findings.Concat(chains.Audit().Unsettled)));
    }

    [Fact]
    public async Task Value_that_arrived_and_never_left_is_found()
    {
        using var chains = await ChainOf(taken: 800);

        Assert.Equal(1, chains.Audit().Counts["transfer_invented"]);
    }

    [Fact]
    public async Task Merged_members_that_lead_in_a_circle_are_found()
    {
        using var chains = await Chains.HealthyAsync(async chain =>
        {
            await chain.Event(Ann, new MemberEventRecord { MergedInto = new MergedIntoEvent { Survivor = Id(Bob) } });
            await chain.Event(Bob, new MemberEventRecord { MergedInto = new MergedIntoEvent { Survivor = Id(Ann) } });
        });

        Assert.True(chains.Audit().Counts["alias_circle"] > 0);
    }

    // Cy's 7.00 are handed back by store 1 and go to Bob.
    private static Task<Chains> ChainOf(long taken) => Chains.HealthyAsync(async chain =>
    {
        await chain.Applied(1, Op(OpType.Relinquish, Cy, Relinquish(Principal, 700)), ChainBuilder.LinesOf(Cy, HealthyChain.Held(Principal, 0, 700, 0, 700)));
        await chain.Moved(Cy, new MemberEventRecord { ValueSent = Moved(Bob, 700, toWallet: 700) });
        if (taken > 0)
        {
            await chain.Moved(Bob, new MemberEventRecord { ValueTaken = Moved(Cy, taken, toWallet: -taken) });
        }
    });

    private static ValueMovedEvent Moved(UInt128 peer, long total, long toWallet)
    {
        var moved = new ValueMovedEvent { Peer = Id(peer) };
        moved.Lines.Add(new MovedTotal { Bucket = Principal, Total = total });
        moved.Entries.Add(Entry("transit/principal", -toWallet));
        moved.Entries.Add(Entry("wallet/principal", toWallet));
        return moved;
    }

    private static ByteString Id(UInt128 member) => ByteString.CopyFrom(Key(member));
}
