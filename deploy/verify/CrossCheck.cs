using SyncHub.Storage;

namespace SyncHub.Verify;

/// <summary>Checks 4 and 8 between the agents' files and the hub's.</summary>
/// <remarks>
/// Agents are read before the hub, so that no grant seen at an agent is newer than the hub's view. Ops at the hub that are newer than an
/// agent's view are looked up in the agent's file once more.
/// </remarks>
internal sealed class CrossCheck(HubLog hub, FindingLog findings, AgentReader agents)
{
    public long Logged { get; private set; }

    public long Applied { get; private set; }

    public long Pending { get; private set; }

    public long Lost { get; private set; }

    public long Duplicated { get; private set; }

    public long Invented { get; private set; }

    public void Run(IReadOnlyList<AgentLog> logs)
    {
        var given = new Dictionary<ProducerId, AgentLog>();
        foreach (var log in logs)
        {
            foreach (var producer in Own(log))
            {
                if (!given.TryAdd(producer, log))
                {
                    findings.Add(FindingCodes.AgentCloned, $"{log.Path} and {given[producer].Path} both hold the log of {OpText.Of(producer)}; expected one");
                }
            }
        }

        foreach (var (producer, log) in given)
        {
            Logged += log.Producers[producer].Ops.Count;
            if (hub.HasFacts)
            {
                CheckOps(producer, log);
            }

            if (hub.HasRecords)
            {
                CheckLines(producer, log);
            }
        }

        foreach (var (producer, log) in hub.Facts.Logs)
        {
            Logged += given.ContainsKey(producer) ? 0 : log.Count;
            CountApplied(log);
        }
    }

    // An agent that has logged nothing yet is known by its identity alone.
    private static Dictionary<ProducerId, AgentProducer>.KeyCollection Own(AgentLog log)
    {
        if (log.Current is { } current)
        {
            log.Producers.TryAdd(current, new AgentProducer());
        }

        return log.Producers.Keys;
    }

    private void CheckOps(ProducerId producer, AgentLog log)
    {
        var atHub = hub.Facts.Logs.GetValueOrDefault(producer) ?? [];
        var known = log.Producers[producer];
        if (atHub.Count > 0 && atHub[^1].Sequence > known.Tip)
        {
            var before = known.Ops.Count;
            agents.ReadLater(log, producer);
            // What the hub has not seen of them came after the audit began and is none of its business.
            known.Ops.RemoveAll(op => op.Sequence > atHub[^1].Sequence);
            Logged += known.Ops.Count - before;
        }

        var committed = hub.CommittedOf(producer);
        foreach (var (sequence, digest) in known.Ops)
        {
            Match(producer, atHub, sequence, digest, committed);
        }

        if (log.IsComplete)
        {
            foreach (var entry in atHub.Where(entry => !entry.IsLogged))
            {
                Invented++;
                findings.Add(FindingCodes.OpInvented, $"{OpText.Of(producer, entry.Sequence)} lies at the hub, but not in its store's log {log.Path}");
            }
        }
    }

    private void Match(ProducerId producer, List<FactEntry> atHub, long sequence, UInt128 digest, long committed)
    {
        var index = FactIndex.Find(atHub, sequence);
        if (index >= 0)
        {
            atHub[index].IsLogged = true;
            if (atHub[index].Digest != digest)
            {
                findings.Add(FindingCodes.OpBytesDiffer, $"{OpText.Of(producer, sequence)} has other bytes at the hub than in its store's log");
            }
        }
        else if (sequence <= committed)
        {
            Lost++;
            findings.Add(FindingCodes.OpLost, $"{OpText.Of(producer, sequence)} is in its store's log and below the hub's cursor at {committed}, but not at the hub");
        }
        else
        {
            Pending++;
            findings.AddUnsettled(FindingCodes.OpPending, $"{OpText.Of(producer, sequence)} has not reached the hub, whose cursor is at {committed}");
        }
    }

    private void CountApplied(List<FactEntry> log)
    {
        foreach (var entry in log)
        {
            Applied += entry.Applied > 0 || !entry.NeedsRecord ? 1 : 0;
            Lost += entry.Applied == 0 && entry.NeedsRecord && hub.HasRecords ? 1 : 0;
            Duplicated += Math.Max(0, entry.Applied - 1);
        }
    }

    private void CheckLines(ProducerId producer, AgentLog log)
    {
        if (!log.IsComplete)
        {
            return;
        }

        var totals = log.Producers[producer].Totals;
        foreach (var (key, granted) in log.Current == producer ? log.Granted : [])
        {
            var committed = hub.Members.TryGetValue(key.Member, out var member) && member.Buckets.TryGetValue(key.Bucket, out var bucket) ? bucket.GrantedTo(producer) : 0;
            if (granted > committed)
            {
                findings.Add(FindingCodes.LineGrantAhead, $"{Name(producer, key)}: holds g = {granted}; the hub granted {committed}");
            }
        }

        foreach (var (key, total) in totals)
        {
            var line = hub.Members.TryGetValue(key.Member, out var member) && member.Buckets.TryGetValue(key.Bucket, out var bucket) ? bucket.Lines.GetValueOrDefault(producer) : null;
            Compare(producer, key, total, line ?? new LineFold());
        }

        foreach (var member in hub.Members.Values)
        {
            foreach (var (bucketKey, bucket) in member.Buckets)
            {
                if (bucket.Lines.TryGetValue(producer, out var line) && !totals.ContainsKey((member.Id, bucketKey)))
                {
                    Compare(producer, (member.Id, bucketKey), new AgentTotals(), line);
                }
            }
        }
    }

    private void Compare(ProducerId producer, (UInt128 Member, BucketKey Bucket) key, AgentTotals logged, LineFold line)
    {
        string Text() => $"{Name(producer, key)}: the hub counts C {line.Credited}, D {line.Debited}, R {line.Relinquished}; the store logged c {logged.Credited}, d {logged.Debited}, r {logged.Relinquished}";
        if (line.Credited > logged.Credited || line.Debited > logged.Debited || line.Relinquished > logged.Relinquished)
        {
            findings.Add(FindingCodes.LineHubAhead, Text());
        }
        else if (line.Credited != logged.Credited || line.Debited != logged.Debited || line.Relinquished != logged.Relinquished)
        {
            findings.AddUnsettled(FindingCodes.LineBehind, Text());
        }
    }

    private static string Name(ProducerId producer, (UInt128 Member, BucketKey Bucket) key) =>
        $"{OpText.Of(producer)}, {key.Bucket} of member {MemberText.Of(key.Member)}";
}
