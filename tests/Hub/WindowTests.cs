using System.Security.Cryptography;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>The window of member changes: a slow agent gets no more than it takes, rights go first, and nothing is missing in the end.</summary>
public sealed class WindowTests
{
    [Fact]
    public async Task Changes_stop_at_the_window_rights_do_not_and_all_come_when_the_agent_takes_them()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        var members = Enumerable.Range(0, 30).Select(_ => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10))).ToArray();
        foreach (var member in members)
        {
            store.Append(OpType.RegisterMember, member);
        }

        store.Append(OpType.TopUp, members[0], Credit(Bucket.Principal, 500));
        await store.SendOpsAsync();
        await store.AckAsync(31);
        await store.DisconnectAsync();

        store.WindowBytes = 1; // one change at a time
        store.ForgetFeed();
        await store.ConnectAsync();
        var seen = new HashSet<MemberId>();
        long taken = 0;
        await Read(store, frame => frame.MemberDelta is not null);
        await store.AskAsync(1, members[0], Bucket.Principal, 1, RightsReason.Prefetch);
        await Read(store, frame => frame.RightsReply is { Request: 1 });
        Assert.Single(seen); // the window is shut, and the answer came all the same
        while (seen.Count < members.Length)
        {
            await store.SendAsync(new AgentFrame { FramesTaken = new FramesTaken { Bytes = taken } });
            await Read(store, frame => frame.MemberDelta is not null);
        }

        await store.SendAsync(new AgentFrame { FramesTaken = new FramesTaken { Bytes = taken } });
        await Read(store, frame => frame.FeedMark is not null);
        Assert.Superset(members.ToHashSet(), seen);

        Task<HubFrame> Read(ScriptedAgent from, Predicate<HubFrame> wanted) => from.ReadUntilAsync(frame =>
        {
            if (frame.MemberDelta is { } delta)
            {
                seen.Add(MemberId.FromBytes(delta.Member.Span));
                taken += delta.CalculateSize();
            }

            return wanted(frame);
        }, "a frame of the window");
    }
}
