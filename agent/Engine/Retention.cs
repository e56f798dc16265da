using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;

namespace SyncHub.Agent.Engine;

/// <summary>What this store no longer needs beside its log: answers to old request ids, ops that it may not undo any more, refund rights that it gave up.</summary>
/// <remarks>
/// The log itself is never pruned: its hashes are the store's proof, headquarters may have to be told all of it again after a restore, and the audit adds it up.
/// Owned by the engine; not thread-safe. A page is one small transaction.
/// </remarks>
internal sealed class Retention(Workspace work, AgentMemory memory)
{
    /// <summary>The collections to be gone through, each to its end.</summary>
    public static readonly IReadOnlyList<string> Collections = ["request", "own", "right"];

    /// <summary>Looks at a page of a collection.</summary>
    public EngineReply Prune(PruneOld prune)
    {
        var page = work.Journal.ReadDocuments(prune.Collection, [], prune.AfterKey, prune.Limit);
        var pruned = 0;
        foreach (var document in page)
        {
            var isOld = prune.Collection switch
            {
                "request" => IsOldAnswer(document.Key, document.Value, prune),
                "own" => IsOldOp(document.Key, document.Value, prune.BeforeMs),
                "right" => IsGivenUp(document.Value),
                _ => throw new ArgumentOutOfRangeException(nameof(prune), prune.Collection, "Nothing is pruned there."),
            };
            if (isOld)
            {
                work.Write(prune.Collection, document.Key, null);
                pruned++;
            }
        }

        return new EngineReply { Pruned = pruned, NextKey = page.Count < prune.Limit ? null : page[^1].Key };
    }

    // A till repeats a request within hours; one that repeats it after this would be answered by a new op.
    private bool IsOldAnswer(byte[] key, byte[] value, PruneOld prune)
    {
        var answer = V1.RequestAnswer.Parser.ParseFrom(value);
        if (answer.AtMs == 0)
        {
            answer.AtMs = prune.NowMs; // of an older agent, which did not say when: it counts from today
            work.Write("request", key, answer.ToByteArray());
            return false;
        }

        return Switches.IsOff(Mechanism.AnswersAreKept) || (answer.AtMs < prune.BeforeMs && IsAcknowledged(new Incarnation(answer.Incarnation), answer.Sequence));
    }

    // After a day close that headquarters has, the right to undo is there, and whoever wants to undo asks for it. A payment that is not decided stays here.
    private bool IsOldOp(byte[] key, byte[] value, long beforeMs)
    {
        var own = V1.OwnOp.Parser.ParseFrom(value);
        if (own.Incarnation == 0 ? memory.DeadLogs.Count > 0 : own.Incarnation != work.Holder.Incarnation.Value)
        {
            return true; // of an earlier life, whose numbers mean other ops now
        }

        var sequence = BinaryPrimitives.ReadInt64BigEndian(key);
        var waits = own.Tender == V1.Tender.CardStoreAndForward && !own.Voided;
        return !waits && sequence <= memory.ClosedUpTo && memory.ClosedUpTo <= memory.CommittedSequence && work.ReadOp(sequence)?.OccurredAtMs < beforeMs;
    }

    private bool IsGivenUp(byte[] value)
    {
        var right = V1.RefundRight.Parser.ParseFrom(value);
        return right.Incarnation != work.Holder.Incarnation.Value || (right.Since <= memory.ClosedUpTo && memory.ClosedUpTo <= memory.CommittedSequence);
    }

    private bool IsAcknowledged(Incarnation life, long sequence) =>
        life == work.Holder.Incarnation ? sequence <= memory.CommittedSequence
            : !memory.DeadLogs.TryGetValue(life, out var log) || sequence <= log.Acknowledged;
}
