using Google.Protobuf;
using Google.Protobuf.Collections;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Cases;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Stores;
using SyncHub.Storage;
using SyncHub.V1;
using LifeStatus = SyncHub.Core.Identity.LifeStatus;
using OpId = SyncHub.Core.Primitives.OpId;

namespace SyncHub.Hub.Sync;

/// <summary>What the logs of a store bring in: the stream of its life, the logs of lives that are over, single ops from receipts; and what follows when they are durable.</summary>
/// <remarks>Not thread-safe; its link locks.</remarks>
internal sealed class StoreIntake(StoreId store, HubParts parts, StoreLink link, StoreChains chains, Reconciliation reconciliation)
{
    // Ops of a life's own stream that a branch brought before and that are not durable there yet; and ops that came on receipts.
    private readonly Dictionary<(Incarnation Branch, long Sequence), (IncomingOp Op, OpId Place)> _heldForBranch = [];
    private readonly Dictionary<(Incarnation Chain, long Sequence), Incarnation> _fromReceipts = [];
    private readonly Dictionary<(IStoreConnection Connection, Incarnation Life), long> _ends = [];
    private readonly LogEvidence _evidence = new(store, parts);
    private PendingFacts? _pendingFacts;

    /// <summary>Takes a batch of a life's own stream: checks it and hands the new ops to their members' grains.</summary>
    public BatchVerdict TakeBatch(OpBatch batch, Holder life, IStoreConnection connection)
    {
        var previous = OpHash.FromBytes(batch.PreviousHash.Span);
        var (envelopes, hashes) = Read(batch.Envelopes, previous);
        var (head, forged) = _evidence.Check(life, batch.FirstSequence, previous, hashes, batch.Signature, connection);
        if (forged is not null)
        {
            return new BatchVerdict([], forged);
        }

        var logs = chains.Of(life.Incarnation);
        var verdict = logs.Main.OnBatch(batch.FirstSequence, previous, envelopes, hashes);
        if (verdict is { Ops.Count: > 0, Fault: null })
        {
            _evidence.Keep(life, head, batch.Signature, connection);
        }

        // Handed on under the lock: the order of ops of one store for one member is the order of its log.
        foreach (var op in verdict.Ops)
        {
            var place = new OpId(life, op.Sequence);
            if (logs.FindInBranches(op.Sequence, op.Hash) is not { } branch)
            {
                OpIntake.HandOn(op, place, life, link, parts);
            }
            else if (branch.IsDurable(op.Sequence))
            {
                OpIntake.KeepKnown(op, place, link, parts);
            }
            else
            {
                _heldForBranch[(branch.Holder.Incarnation, op.Sequence)] = (op, place); // else a crash could keep it here and lose it there
            }
        }

        return verdict;
    }

    /// <summary>A Hello says where the logs that may come on its connection end: older agents do not say it with the last run. Each machine has its own end, copies of one log too.</summary>
    public void HearEnds(Holder holder, long tipSequence, IEnumerable<DeadLog> logs, IStoreConnection connection)
    {
        _ends[(connection, holder.Incarnation)] = tipSequence;
        foreach (var log in logs)
        {
            _ends[(connection, new Incarnation(log.Incarnation))] = log.TipSequence;
        }
    }

    /// <summary>A connection has ended.</summary>
    public void OnEnded(IStoreConnection connection)
    {
        foreach (var end in _ends.Keys.Where(end => end.Connection == connection).ToArray())
        {
            _ends.Remove(end);
        }
    }

    /// <summary>Takes a run of the log of a life that is over, or of a machine in quarantine.</summary>
    public void TakeFacts(Facts facts, IStoreConnection connection)
    {
        var life = new Incarnation(facts.Incarnation);
        Remember(life, connection);
        if (parts.Stores.Find(store)!.Lives.Find(life) is not { Status: not LifeStatus.Branch } || facts.PreviousHash.Length is not (0 or OpHash.Size) || facts.FirstSequence < 1)
        {
            return;
        }

        var previous = OpHash.FromBytes(facts.PreviousHash.Span);
        var (envelopes, hashes) = Read(facts.Envelopes, previous);
        var (head, forged) = _evidence.Check(new Holder(store, life), facts.FirstSequence, previous, hashes, facts.Signature, connection);
        if (forged is not null)
        {
            connection.End();
            return;
        }

        var intake = chains.Of(life);
        var branches = intake.Branches.Count;
        var (fresh, places) = intake.Take(facts.FirstSequence, previous, envelopes, hashes);
        if (fresh.Count > 0)
        {
            _evidence.Keep(places[^1].Chain.Holder, head, facts.Signature, connection);
        }

        foreach (var (chain, op) in fresh)
        {
            OpIntake.HandOn(op, new OpId(chain.Holder, op.Sequence), new Holder(store, life), link, parts);
        }

        if (intake.Branches.Count > branches)
        {
            OpenForkCase(life, $"Two histories were written under life {life} of store {store}; the one that came second is kept as a branch from op {fresh[0].Op.Sequence} on.");
        }

        var last = facts.FirstSequence + places.Count - 1;
        _pendingFacts = new PendingFacts(life, last, facts.IsLast || (_ends.TryGetValue((connection, life), out var end) && last >= end), places, connection);
        AcknowledgeFacts();
    }

    /// <summary>Takes an op of a receipt into the log of a life that was given up. Where ops are missing before it, it stands in a branch of its own.</summary>
    /// <returns>Whether it was new.</returns>
    public bool TakeReceipt(OpId id, OpHash previous, ReadOnlyMemory<byte> envelope)
    {
        var (fresh, _) = chains.Of(id.Holder.Incarnation).Take(id.Sequence, previous, [envelope]);
        foreach (var (chain, op) in fresh)
        {
            if (!Switches.IsOff(Mechanism.LateValueIsReleased))
            {
                _fromReceipts[(chain.Holder.Incarnation, op.Sequence)] = id.Holder.Incarnation;
                parts.Releases.Await(id.Holder); // it may be the last op that is ever heard of its log
            }

            _evidence.KeepReceipt(new OpId(chain.Holder, op.Sequence));
            OpIntake.HandOn(op, new OpId(chain.Holder, op.Sequence), id.Holder, link, parts);
        }

        return fresh.Count > 0;
    }

    /// <summary>An op is durable.</summary>
    /// <param name="chain">The life or branch that it stands in.</param>
    /// <param name="sequence">Its number there.</param>
    /// <param name="isLiving">Whether that is the life of the connection of the moment.</param>
    /// <returns>Whether the chain's watermark moved.</returns>
    public bool OnApplied(Incarnation chain, long sequence, bool isLiving)
    {
        if (chains.Find(chain) is not { } session)
        {
            return false;
        }

        if (_heldForBranch.Remove((chain, sequence), out var held))
        {
            OpIntake.KeepKnown(held.Op, held.Place, link, parts);
        }

        var moved = session.OnApplied(sequence);
        if (moved)
        {
            parts.Stores.MoveCursor(session.Holder, session.CommittedSequence, session.CommittedHash);
            parts.Receipts?.OnCommitted(session.Holder, session.CommittedSequence);
            if (!isLiving || parts.Stores.IsReconciling)
            {
                EndLife(chain); // the chain of a connected store lives, so most ops have nothing to end
            }
        }

        if (_fromReceipts.Remove((chain, sequence), out var life))
        {
            parts.Releases.OnArrived(new Holder(store, life));
        }

        AcknowledgeFacts();
        return moved;
    }

    /// <summary>A life's stream contradicts what is known of it: the life ends, and HQ hears why.</summary>
    public void EndForked(Incarnation life, string fault)
    {
        parts.Log.LogError("Life {Life} of store {Store} has two histories and is ended: {Reason}", life, store, fault);
        parts.Stores.Update(store, known => known with { Lives = known.Lives.Revoke(life) });
        chains.Of(life).MayExtend = true;
        OpenForkCase(life, fault);
    }

    /// <summary>HQ ended lives: their logs may go on with whatever comes.</summary>
    public void OpenEndedLogs()
    {
        foreach (var life in parts.Stores.Find(store)!.Lives.All.Where(life => life.Status is LifeStatus.Dead or LifeStatus.Closed))
        {
            chains.Of(life.Number).MayExtend = true;
        }
    }

    /// <summary>Goes on with whatever a hub that stopped had begun: lives whose rights are to be released.</summary>
    public void Resume()
    {
        foreach (var life in parts.Stores.Find(store)!.Lives.All)
        {
            if (life.Release != Core.Identity.ReleaseKind.None && !life.IsReleased)
            {
                parts.Releases.Start(store, life.Number, null);
            }
            else if (life.Status == LifeStatus.Dead)
            {
                EndLife(life.Number);
            }
        }
    }

    // Hashed once, for the signature and for the chain.
    private static (ReadOnlyMemory<byte>[] Envelopes, OpHash[] Hashes) Read(RepeatedField<ByteString> run, OpHash previous)
    {
        var envelopes = new ReadOnlyMemory<byte>[run.Count];
        for (var i = 0; i < envelopes.Length; i++)
        {
            envelopes[i] = run[i].Memory;
        }

        return (envelopes, OpHash.Chain(previous, envelopes));
    }

    private void OpenForkCase(Incarnation life, string note)
    {
        var batch = new JournalBatch();
        CaseBook.Open(batch, CaseRules.Forked(new Holder(store, life), note, parts.NowMs()));
        parts.Pipeline.Submit(batch, null, static () => { });
    }

    // A dead life whose log came in whole gives back what it did not use.
    private void EndLife(Incarnation number)
    {
        var known = parts.Stores.Find(store)!;
        if (known.Lives.Find(number) is { Status: LifeStatus.Dead, Release: Core.Identity.ReleaseKind.None } life && (Switches.IsOff(Mechanism.CloseBeforeRelease) || chains.IsComplete(number)))
        {
            parts.Stores.Update(store, one => one with { Lives = one.Lives.Put(life with { Release = Core.Identity.ReleaseKind.Closed }) });
            parts.Releases.Start(store, number, null);
        }

        link.EndReconciliation();
    }

    // A restore may have forgotten that a life was given whose log a Hello has named; of a machine in quarantine too.
    private void Remember(Incarnation life, IStoreConnection connection)
    {
        if (life.Term < parts.Stores.Term && _ends.ContainsKey((connection, life)) && parts.Stores.Find(store)!.Lives.Find(life) is null)
        {
            parts.Stores.Update(store, known => known with { Lives = known.Lives.Remember(life, default) });
        }
    }

    private void AcknowledgeFacts()
    {
        if (_pendingFacts is { } pending && pending.Places.All(place => place.Chain.IsDurable(place.Sequence)))
        {
            _pendingFacts = null;
            if (pending.IsLast)
            {
                ReleaseLate(pending.Life, isOfCopy: pending.Places.Any(place => place.Chain.Holder.Incarnation != pending.Life));
            }

            // After what follows from the end of a log is durable: nobody sends it again, and a crash would leave with the dead life what came late.
            parts.Pipeline.Submit(new JournalBatch(), null, () => pending.Connection.Send(new HubFrame { FactsAck = new FactsAck { Incarnation = pending.Life.Value, Sequence = pending.Last } }));
            reconciliation.OnDeadLog(pending.Life, pending.Last);
            link.EndReconciliation();
        }
    }

    // Top-ups of a life that was given up and come late are credited. What is left of them is released at the end of its log, not before:
    // the sales that used them may stand behind them. Where the life's own log was whole and a copy brings more, another copy may still come:
    // what the copy held is disowned, not taken for handed back.
    private void ReleaseLate(Incarnation number, bool isOfCopy)
    {
        if (Switches.IsOff(Mechanism.LateValueIsReleased)
            || parts.Stores.Find(store)!.Lives.Find(number) is not { Release: not Core.Identity.ReleaseKind.None } life
            || (life.Release == Core.Identity.ReleaseKind.Closed && !isOfCopy))
        {
            return;
        }

        if (life.Release == Core.Identity.ReleaseKind.Reclaimed)
        {
            parts.Releases.Again(new Holder(store, number));
            return;
        }

        parts.Stores.Update(store, one => one with { Lives = one.Lives.Put(life with { Release = Core.Identity.ReleaseKind.Reclaimed, Approver = life.Approver.Length > 0 ? life.Approver : "late log of a copy", IsReleased = false }) });
        parts.Releases.Start(store, number, null);
    }

    private sealed record PendingFacts(Incarnation Life, long Last, bool IsLast, IReadOnlyList<(StoreSession Chain, long Sequence)> Places, IStoreConnection Connection);
}
