using SyncHub.Storage;
using SyncHub.Storage.Audit;

namespace SyncHub.Verify;

/// <summary>Check 3: the hub holds each store's log as a whole chain, at least up to its cursor.</summary>
/// <remarks>
/// Members commit on their own, so a crash may leave an op durable while one below it was not yet. That is sound above the cursor, where the
/// store sends again, and only there.
/// </remarks>
internal sealed class FactCheck(HubLog hub, FindingLog findings, RequestIndex requests)
{
    private const string CommittedCursor = "committed";
    private readonly ChainCheck _chains = new(hub, findings);

    public void Run(IJournalRows file)
    {
        foreach (var cursor in file.Cursors().Where(cursor => cursor.Name == CommittedCursor))
        {
            hub.Cursors[cursor.Producer] = cursor;
        }

        StoredFact previous = default;
        foreach (var fact in file.Facts().Where(fact => !TrailCheck.IsEntry(fact)))
        {
            if (fact.Producer != previous.Producer || previous.Hash is null)
            {
                previous = new StoredFact(fact.Producer, 0, Chain.Genesis, []);
            }

            CheckPlace(previous, fact);
            Take(fact);
            previous = fact;
        }

        _chains.Run(file);
        foreach (var cursor in hub.Cursors.Values)
        {
            CheckCursor(cursor);
        }
    }

    private void CheckPlace(StoredFact previous, StoredFact fact)
    {
        if (previous.Sequence == 0 && hub.Lives.IsBranch(fact.Producer))
        {
            _chains.Remember(fact); // it begins wherever its life was forked
            hub.Facts.Orphans[(fact.Producer, fact.Sequence)] = fact;
            return;
        }

        if (fact.Sequence == previous.Sequence + 1)
        {
            if (!Chain.Follows(previous.Hash, fact.Bytes, fact.Hash))
            {
                findings.Add(FindingCodes.FactChain,
                    $"{OpText.Of(fact.Producer, fact.Sequence)} has hash {OpText.Hash(fact.Hash)} at the hub; its bytes and the op before give another");
            }

            return;
        }

        hub.Facts.Orphans[(fact.Producer, fact.Sequence)] = fact;
        var committed = hub.CommittedOf(fact.Producer);
        var text = $"after op {previous.Sequence} of {OpText.Of(fact.Producer)} comes op {fact.Sequence} at the hub, whose cursor is at {committed}; expected op {previous.Sequence + 1}";
        if (previous.Sequence < committed)
        {
            findings.Add(FindingCodes.FactGap, text);
        }
        else if (hub.Lives.IsLiving(fact.Producer))
        {
            findings.AddUnsettled(FindingCodes.FactGapOpen, text);
        }
    }

    private void Take(StoredFact fact)
    {
        var op = OpReader.TryRead(fact.Bytes, out var fault);
        var life = hub.Lives.LifeOf(fact.Producer);
        var isNamed = op is not null && OpReader.IsNamed(op, life, fact.Sequence);
        if (op is null)
        {
            findings.Add(FindingCodes.FactUnreadable, $"{OpText.Of(fact.Producer, fact.Sequence)} cannot be read at the hub: {fault}");
        }
        else
        {
            if (!isNamed)
            {
                findings.Add(FindingCodes.FactMisnamed,
                    $"{OpText.Of(fact.Producer, fact.Sequence)} at the hub names itself {OpText.Of(new ProducerId(op.Id.Store, op.Id.Incarnation), op.Id.Sequence)}");
            }

            requests.Add(op, life, fact.Producer, fact.Sequence);
        }

        hub.Facts.Add(fact, op, isNamed);
    }

    private void CheckCursor(CursorRow cursor)
    {
        if (cursor.Sequence == 0)
        {
            return;
        }

        var log = hub.Facts.Logs.GetValueOrDefault(cursor.Producer) ?? [];
        var tip = log.Count == 0 ? 0 : log[^1].Sequence;
        if (cursor.Sequence > tip)
        {
            if (log.Count == 0 && hub.Lives.IsBranch(cursor.Producer))
            {
                return; // made, and stopped before its first fact
            }

            findings.Add(FindingCodes.CursorAhead, $"the hub's cursor of {OpText.Of(cursor.Producer)} is at op {cursor.Sequence}, but its facts end at op {tip}");
            return;
        }

        var index = FactIndex.Find(log, cursor.Sequence);
        // A fact that is missing at the cursor is a gap, or the start of a branch, and looked at as such.
        if (index >= 0 && (cursor.Hash.Length != Chain.HashBytes || log[index].HashHead != Chain.Head(cursor.Hash)))
        {
            findings.Add(FindingCodes.CursorHash,
                $"the hub's cursor of {OpText.Of(cursor.Producer)} at op {cursor.Sequence} has hash {OpText.Hash(cursor.Hash)}; the fact there has {log[index].HashHead >> 80:x12}");
        }
    }
}
