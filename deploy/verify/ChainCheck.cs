using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>The part of check 3 that looks at forked lives: where branches start, and which ops lie in two chains of one life.</summary>
internal sealed class ChainCheck(HubLog hub, FindingLog findings)
{
    private readonly List<StoredFact> _firsts = [];

    /// <summary>Remembers the first fact of a branch.</summary>
    public void Remember(StoredFact first) => _firsts.Add(first);

    /// <summary>After all facts were read once.</summary>
    public void Run(IJournalRows file)
    {
        foreach (var chain in hub.Facts.Logs.Keys.Where(chain => hub.Lives.IsKnown && hub.Lives.Find(chain) is null))
        {
            findings.Add(FindingCodes.LifeUnknown, $"the hub holds ops of {OpText.Of(chain)}, which its store's document does not have");
        }

        foreach (var branch in hub.Facts.Logs.Keys.Where(hub.Lives.IsBranch))
        {
            FindTwins(hub.Lives.LifeOf(branch), branch);
        }

        if (_firsts.Count > 0)
        {
            CheckStarts(ReadHashes(file));
        }
    }

    // An op that a copy of the machine showed first lies in a branch with its record; in the life's own chain it is only kept.
    private void FindTwins(ProducerId life, ProducerId branch)
    {
        var own = hub.Facts.Logs.GetValueOrDefault(life) ?? [];
        foreach (var entry in hub.Facts.Logs[branch])
        {
            var index = FactIndex.Find(own, entry.Sequence);
            if (index >= 0 && own[index].HashHead == entry.HashHead)
            {
                (own[index].Twin, entry.Twin) = (entry, own[index]);
            }
        }
    }

    // A branch continues its life's own chain, or another branch of it, so that no history begins from nowhere. Only the op of a receipt may:
    // its life was given up, and what came before it may be lost; the hash before it lies in its record.
    private void CheckStarts(Dictionary<(ProducerId, long), byte[]> hashes)
    {
        foreach (var first in _firsts)
        {
            var life = hub.Lives.LifeOf(first.Producer);
            var before = first.Sequence - 1;
            var name = OpText.Of(first.Producer, first.Sequence);
            var origin = Origins(life, first.Producer).Where(origin => hashes.TryGetValue((origin, before), out var hash) && Chain.Follows(hash, first.Bytes, first.Hash)).Take(1).ToArray();
            if (origin.Length > 0)
            {
                hub.Facts.Origins[first.Producer] = origin[0];
            }
            else if (before > 0 && hub.Lives.Find(life) is not { Release: ReleaseKind.Reclaimed })
            {
                Report(hub.CommittedOf(life) >= before, $"{name} begins a branch of {OpText.Of(life)}, but follows no op {before} that the hub holds");
            }
            else if (before == 0 && !Chain.Follows(Chain.Genesis, first.Bytes, first.Hash))
            {
                Report(isWrong: true, $"{name} begins a branch of {OpText.Of(life)} with its first op, but does not begin a chain");
            }

            // A crash may have kept this op and lost those of its branch before it; the life's own log, or another copy, has brought them since.
            var isContinued = origin.Length > 0;
            if (!hub.Cursors.TryGetValue(first.Producer, out var cursor) || (cursor.Sequence < before && !isContinued))
            {
                Report(isWrong: true, $"the branch that begins with {name} has its cursor at {cursor.Sequence}; expected {before} or more");
            }
            else if (cursor.Sequence == before && before > 0 && !Chain.Follows(cursor.Hash, first.Bytes, first.Hash))
            {
                Report(isWrong: true, $"{name} does not follow hash {OpText.Hash(cursor.Hash)}, where its branch begins");
            }
        }
    }

    private void Report(bool isWrong, string text)
    {
        if (isWrong)
        {
            findings.Add(FindingCodes.BranchLoose, text);
        }
        else
        {
            findings.AddUnsettled(FindingCodes.FactGapOpen, text);
        }
    }

    private IEnumerable<ProducerId> Origins(ProducerId life, ProducerId branch) => hub.Lives.BranchesOf(life).Where(other => other != branch).Prepend(life);

    // Hashes are not kept for all ops; the few that matter are read again.
    private Dictionary<(ProducerId, long), byte[]> ReadHashes(IJournalRows file)
    {
        var wanted = _firsts.SelectMany(first => Origins(hub.Lives.LifeOf(first.Producer), first.Producer).Select(origin => (origin, first.Sequence - 1))).ToHashSet();
        return file.Facts().Where(fact => wanted.Contains((fact.Producer, fact.Sequence))).ToDictionary(fact => (fact.Producer, fact.Sequence), fact => fact.Hash);
    }
}
