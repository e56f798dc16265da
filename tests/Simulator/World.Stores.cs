using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Simulator;

/// <content>What stores do beside selling: they drop what is old, repeat what a till did not hear, hand receipts in; and what happens to what they signed.</content>
internal sealed partial class World
{
    /// <summary>How long a store keeps what it needs beside its log; a few hundred steps are some hours.</summary>
    public const long RetainedMs = 20 * 60_000;

    /// <summary>How long a store lets members spend without its hub.</summary>
    public const long LeaseMs = 15 * 60_000;

    private const int RepeatableCalls = 40;

    // Enough for a till's question to headquarters, its answer, and the op that follows.
    private const int QuietRounds = 12;
    private readonly Queue<AnsweredCall> _answered = new();

    /// <summary>How much time has really passed, whatever the clocks show.</summary>
    public long TrueMs { get; private set; }

    private void Prune(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp)
        {
            return;
        }

        Trace($"{Step} agent {agent.Number} drops what is old");
        foreach (var collection in Retention.Collections)
        {
            Count("pages pruned");
            if (agent.IsUp && agent.Ask(new PruneOld(agent.NowMs, agent.NowMs - RetainedMs, collection, [], 100)) is { Pruned: > 0 } reply)
            {
                Counts[$"{collection}s dropped"] = Counts.GetValueOrDefault($"{collection}s dropped") + reply.Pruned;
            }
        }
    }

    private void StayAway(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp || agent.Session is not { HubKnowsUnfollow: true } || agent.IsOld)
        {
            return;
        }

        Trace($"{Step} agent {agent.Number} drops who does not come");
        if (dice.Chance(60))
        {
            agent.Ask(new ReturnIdleRights(agent.NowMs, long.MaxValue, [], 10));
        }

        if (agent.IsUp && agent.Ask(new UnfollowIdle(agent.NowMs, long.MaxValue, [], dice.Chance(50) ? 1 : 10)) is { Pruned: > 0 } reply)
        {
            Counts["members unfollowed"] = Counts.GetValueOrDefault("members unfollowed") + reply.Pruned;
        }
    }

    // To a store that may not know the member any more.
    private void ComeBack(Dice dice, SimAgent agent)
    {
        if (agent.IsUp)
        {
            var member = dice.Pick(_members);
            Count("members come back");
            IMessage request = dice.Chance(50) ? new V1.IdentifyTillRequest { Key = new V1.MemberKey { MemberId = member.ToString() } }
                : new V1.SaleRequest { RequestId = NextRequest(), MemberId = member.ToString(), BillMinor = dice.Between(1, 4_000) };
            Trace($"{Step} {member} comes to {agent.Number} again: {request}");
            Pay(agent, request, [], rounds: 2);
        }
    }

    // A new life says of whom it keeps replicas; a store says so whom it follows again although it was locked when it heard.
    private void SayFollows(SimAgent agent)
    {
        if (Faults.HasFlag(Fault.Away) && agent is { IsUp: true, Session.HubKnowsUnfollow: true, IsOld: false })
        {
            agent.Ask(new UnfollowIdle(agent.NowMs, long.MinValue, [], 10));
        }
    }

    // A till that heard no answer asks again under the same number: one op, however often it asks, and whatever was dropped meanwhile.
    private void Repeat(Dice dice, SimAgent agent)
    {
        var calls = _answered.Where(call => call.Agent == agent && call.Disk == agent.Disk && agent.NowMs - call.AtMs is >= 0 and < RetainedMs).ToArray();
        if (calls.Length == 0 || !agent.IsUp)
        {
            return;
        }

        var call = dice.Pick(calls);
        Trace($"{Step} till at {agent.Number} repeats {call.Request}");
        Count("calls repeated");
        if (agent.CallReply(call.Request)?.Answer is V1.OpAnswer { Receipt.Op: { } op } && OpIdCodec.ToCore(op) != call.Op)
        {
            throw new Violation("I11", $"a call that was answered by op {call.Op} was answered by op {OpIdCodec.ToCore(op)} when it was repeated");
        }
    }

    private void NoteAnswered(SimAgent agent, IMessage request, OpId op)
    {
        if (Active.HasFlag(Fault.Retention))
        {
            _answered.Enqueue(new AnsweredCall(agent, agent.Disk, request, op, agent.NowMs));
            if (_answered.Count > RepeatableCalls)
            {
                _answered.Dequeue();
            }
        }
    }

    private void HandInAtTill(Dice dice, SimAgent agent)
    {
        if (_receipts.Count == 0 || !agent.IsUp)
        {
            return;
        }

        var code = _receipts[Math.Max(0, _receipts.Count - 1 - dice.Below(60))];
        var receipt = ReceiptCodec.TryRead(code)!;
        Oracle.OnShown(receipt);
        var answer = agent.Call<V1.HandInAnswer>(new V1.HandInRequest { Code = code });
        Trace($"{Step} a receipt is handed in at {agent.Number}: {answer}");
        Count("receipts handed in at tills");
        if (answer is { Outcome: V1.ReceiptOutcome.Queued })
        {
            Oracle.OnKept(receipt, agent);
        }
    }

    // Who is between a store and its hub, or has the hub's address and no key, makes an op larger. The chain of hashes does not tell that; the signature does.
    private void Forge(Dice dice, SimAgent agent)
    {
        if (agent.Pipe is not { AgentEnded: false } pipe || pipe.ToHub.FindLastIndex(static frame => frame.OpBatch is { Envelopes.Count: > 0 }) is not (>= 0 and var at))
        {
            return;
        }

        var forged = pipe.ToHub[at].Clone();
        var envelopes = forged.OpBatch.Envelopes;
        var op = OpCodec.Decode(envelopes[^1].ToByteArray());
        if (op.Moves.Count == 0)
        {
            return;
        }

        envelopes[^1] = ByteString.CopyFrom(OpCodec.Encode(op with { Moves = [.. op.Moves.Select(static move => move with { AmountMinor = move.AmountMinor + 1 })] }));
        pipe.ToHub[at] = forged;
        Trace($"{Step} op {op.Id} is changed on its way");
        Count("ops changed on their way");
    }

    // On most days nothing is lost for minutes: a part of a sale is given back, the day is closed, and headquarters hears of both. Else no run would come to the third counter.
    private void UndoInPeace(Dice dice, SimAgent agent)
    {
        if (!agent.IsUp)
        {
            return;
        }

        if (!agent.IsOnline)
        {
            Connect(agent, Hub);
        }

        Drain(QuietRounds);
        UndoAgain(dice, agent);
        Drain(QuietRounds);
        if (dice.Chance(60))
        {
            CloseDay(dice, agent);
            Drain(QuietRounds);
        }
    }

    // Two streams that are as long as each other get a tag each, and meet; then one tag goes.
    private void TagTwins(Dice dice, SimAgent agent)
    {
        var (one, other) = (_members[dice.Below(_members.Count)], _members[dice.Below(_members.Count)]);
        var (longer, shorter) = Hub.Peek(one).Version >= Hub.Peek(other).Version ? (one, other) : (other, one);
        if (one == other || Hub.Journal.IsClosed)
        {
            return;
        }

        Drain(QuietRounds);
        for (var note = 0; note < 40 && Hub.Peek(shorter).Version < Hub.Peek(longer).Version; note++)
        {
            Tell(shorter, new ProfileWanted("somebody", [new FieldChange(ProfileField.Notes, $"note{Step}.{note}")], [], [], new object()));
            Drain(1);
        }

        Trace($"{Step} HQ tags {longer} and {shorter}, at versions {Hub.Peek(longer).Version} and {Hub.Peek(shorter).Version}");
        Count("twins tagged");
        Tell(longer, new ProfileWanted("somebody", [], ["tag0"], [], new object()));
        Tell(shorter, new ProfileWanted("somebody", [], ["tag1"], [], new object()));
        Drain(QuietRounds);
        Oracle.OnMerged(longer, shorter);
        Tell(longer, new MergeWanted(shorter, "somebody", "twice", new object()));
        Drain(QuietRounds);
        Tell(longer, new ProfileWanted("somebody", [], [], [dice.Chance(50) ? "tag0" : "tag1"], new object()));
    }

    // Full for one batch, with room for the next: log rotation, a backup that comes and goes.
    private void FillUp(Dice dice, SimAgent agent)
    {
        if (Hub.Journal.IsClosed || Hub.Journal.PendingCount < 2)
        {
            return;
        }

        Trace($"{Step} the disk of headquarters is full for a moment");
        Count("hub disk faults");
        Hub.Journal.FailNextCommit(JournalFault.DiskFull);
        Hub.Flush(1);
        if (Hub.HasFailed && !Hub.Journal.IsClosed && _zombies.Count == 0 && dice.Chance(50))
        {
            // Another hub takes over before the one whose commit failed has ended; what that one had handed to the database is still under way.
            _zombies.Add(Hub);
            Hub = new SimHub(this, Hub.Journal, _rules);
            Oracle.IsDirty = true;
        }
    }

    private sealed record AnsweredCall(SimAgent Agent, int Disk, IMessage Request, OpId Op, long AtMs);
}
