using Google.Protobuf;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.V1;
using Xunit;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>A hub that went back to an older copy and hears its stores out.</summary>
public sealed class RestoredHubTests
{
    private static readonly MemberId Member = new((UInt128)77);

    /// <summary>How the last store comes to be waited for no more.</summary>
    public enum LastStore
    {
        HeardOut,
        Replaced,
        GivenUp,
    }

    // Nobody asks for the member here: any question would be a turn, and mend it by itself.
    [Theory]
    [InlineData(LastStore.HeardOut)]
    [InlineData(LastStore.Replaced)]
    [InlineData(LastStore.GivenUp)]
    public async Task Members_of_whom_more_is_held_than_there_is_are_mended_when_the_last_store_is_waited_for_no_more(LastStore end)
    {
        await using var hub = await HubFixture.StartAsync();
        await using var holder = await hub.EnrolAsync();
        await using var other = await hub.EnrolAsync();
        await using var last = await hub.EnrolAsync();
        await holder.ConnectAsync();
        await holder.LogAsync(OpType.RegisterMember, Member);
        await holder.LogAsync(OpType.TopUp, Member, ScriptedAgent.Credit(Bucket.Principal, 10_000));
        var copy = Path.Combine(hub.DataDirectory, "copy.db");
        HubBackup.Make(hub.DataDirectory, copy);
        await hub.RestoreAsync(copy);

        // Between copy and restore the holder's rights were reclaimed, and the other store was granted 60.00 of them.
        Assert.True((await holder.ConnectAsync()).WantsLines);
        await ReportAsync(holder);
        Assert.True((await other.ConnectAsync()).WantsLines);
        await ReportAsync(other, new ReportedLine { Member = ByteString.CopyFrom(Member.ToBytes()), Bucket = BucketCodec.ToWire(Bucket.Principal), Granted = 6_000 });
        var before = (await other.ReadUntilAsync(static frame => frame.MemberDelta is not null, "the member as it was found")).MemberDelta;

        switch (end)
        {
            case LastStore.HeardOut:
                Assert.True((await last.ConnectAsync()).WantsLines);
                await ReportAsync(last);
                break;
            case LastStore.Replaced:
                var code = (await hub.Stores.ReplaceAgentAsync(new ReplaceAgentRequest { Store = last.Holder.Store.Value }, hub.Admin)).EnrolmentCode;
                await new Enrolment.EnrolmentClient(hub.Channel).EnrolAsync(new EnrolRequest { Code = code });
                break;
            default:
                await hub.Stores.ReclaimAsync(new ReclaimRequest { Store = last.Holder.Store.Value, Approver = "Eve", Payer = "hq/loss" }, hub.Admin);
                break;
        }

        var after = (await other.ReadUntilAsync(frame => frame.MemberDelta is { } delta && delta.Version > before.Version, "the member mended")).MemberDelta;

        Assert.Equal(Member, MemberId.FromBytes(after.Member.Span));
        var wallet = await hub.WalletAsync(Member);
        Assert.Equal(after.Version, wallet.Version);
        var principal = Assert.Single(wallet.Buckets);
        Assert.Equal((10_000L, 4_000L), (principal.Total, principal.Pool));
        Assert.Equal([(other.Holder.Store.Value, 6_000L)], principal.Lines.Where(static line => line.Outstanding > 0).Select(static line => (line.Store, line.Outstanding)));
    }

    [Fact]
    public async Task A_merge_that_only_a_store_remembers_opens_one_case_that_proposes_it_and_one_that_is_known_opens_none()
    {
        var (alias, known, survivor) = (Member, new MemberId((UInt128)78), new MemberId((UInt128)79));
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await using var other = await hub.EnrolAsync();
        await store.ConnectAsync();
        foreach (var member in (MemberId[])[alias, known, survivor])
        {
            await store.LogAsync(OpType.RegisterMember, member);
        }

        await hub.Members.MergeMembersAsync(new MergeMembersRequest { LoserId = known.ToString(), SurvivorId = survivor.ToString(), Operator = "kim", Reason = "twice" }, hub.Admin);
        var copy = Path.Combine(hub.DataDirectory, "copy.db");
        HubBackup.Make(hub.DataDirectory, copy);
        await hub.RestoreAsync(copy);

        foreach (var teller in (ScriptedAgent[])[store, other])
        {
            Assert.True((await teller.ConnectAsync()).WantsLines);
            var report = new LineReport { IsLast = true };
            report.Merges.AddRange(((MemberId[])[alias, known]).Select(member => new KnownMerge { Member = ByteString.CopyFrom(member.ToBytes()), Survivor = ByteString.CopyFrom(survivor.ToBytes()) }));
            await teller.SendAsync(new AgentFrame { LineReport = report });
        }

        await HubFixture.UntilAsync(async () => (await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores.All(static one => !one.Reconciling));
        var found = Assert.Single((await new V1.Cases.CasesClient(hub.Channel).ListCasesAsync(new ListCasesRequest { Kind = CaseKind.DuplicateClaim }, hub.Admin)).Cases);
        Assert.Equal((alias.ToString(), survivor.ToString()), (found.MemberId, found.OtherMemberId));
        Assert.Contains("Merge them again", found.Remedy, StringComparison.Ordinal);
    }

    private static Task ReportAsync(ScriptedAgent store, params ReportedLine[] lines)
    {
        var report = new LineReport { IsLast = true };
        report.Lines.AddRange(lines);
        report.Followed.AddRange(lines.Select(static line => line.Member));
        return store.SendAsync(new AgentFrame { LineReport = report });
    }
}
