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
                Check(producer, log, given);
            }
        }

        foreach (var (producer, log) in given)
        {
            CheckInvented(producer, log);
        }

        foreach (var (chain, log) in hub.Facts.Logs)
        {
            // What its living store does not have is invented, not logged.
            Logged += given.TryGetValue(chain, out var owner) && IsPresent(chain, owner) ? 0 : log.Count(entry => !entry.IsLogged && !IsCopy(chain, entry));
            CountApplied(chain, log);
        }
    }

    private void Check(ProducerId producer, AgentLog log, Dictionary<ProducerId, AgentLog> given)
    {
        if (!given.TryAdd(producer, log))
        {
            // The log of a life that is over may lie in many copies: each of them was told so.
            if (IsPresent(producer, log) && IsPresent(producer, given[producer]))
            {
                findings.Add(FindingCodes.AgentCloned, $"{log.Path} and {given[producer].Path} both hold the log of {OpText.Of(producer)}; expected one");
            }

            Logged += log.Producers[producer].Ops.Except(given[producer].Producers[producer].Ops).Count();
        }
        else
        {
            Logged += log.Producers[producer].Ops.Count;
        }

        if (hub.HasFacts)
        {
            CheckOps(producer, log);
        }

        if (hub.HasRecords)
        {
            CheckLines(producer, log);
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

    // Whether this file is where the life goes on. Without the hub's word for it every life does.
    private bool IsPresent(ProducerId producer, AgentLog log) => hub.Lives.IsLiving(producer) && (log.Current == producer || !log.Dead.ContainsKey(producer.Incarnation));

    // Of an op in two chains of one life the branch's is counted.
    private bool IsCopy(ProducerId chain, FactEntry entry) => entry.Twin is not null && !hub.Lives.IsBranch(chain);

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

        var acknowledged = log.Dead.TryGetValue(producer.Incarnation, out var dead) && !hub.Lives.IsReconcilingWith(producer.Store) ? dead.Acknowledged : 0;
        foreach (var op in known.Ops)
        {
            Match(producer, log, op, acknowledged);
        }
    }

    private void CheckInvented(ProducerId producer, AgentLog log)
    {
        // A life that is over may have been forgotten by its own store: that is why it is over.
        if (!hub.HasFacts || !log.IsComplete || !IsPresent(producer, log))
        {
            return;
        }

        foreach (var entry in (hub.Facts.Logs.GetValueOrDefault(producer) ?? []).Where(entry => !entry.IsLogged))
        {
            Invented++;
            findings.Add(FindingCodes.OpInvented, $"{OpText.Of(producer, entry.Sequence)} lies at the hub, but not in its store's log {log.Path}");
        }
    }

    private void Match(ProducerId producer, AgentLog log, AgentOp op, long acknowledged)
    {
        var own = hub.Facts.FindEntry(producer, op.Sequence);
        if (own is not null && (own.Digest == op.Digest || own.HashHead == op.HashHead))
        {
            Found(producer, own, op);
            return;
        }

        foreach (var branch in hub.Lives.BranchesOf(producer))
        {
            if (hub.Facts.FindEntry(branch, op.Sequence) is { } entry && (entry.Digest == op.Digest || entry.HashHead == op.HashHead))
            {
                Found(producer, entry, op);
                return;
            }
        }

        var committed = hub.CommittedOf(producer);
        if (own is not null && IsPresent(producer, log))
        {
            own.IsLogged = true; // said once: not invented as well
            Pending++;
            findings.AddUnsettled(FindingCodes.ForkOpen, $"{OpText.Of(producer, op.Sequence)} is another op in {log.Path} than at the hub; two histories were written under one life");
        }
        else if ((own is null && op.Sequence <= committed) || op.Sequence <= acknowledged)
        {
            Lost++;
            findings.Add(FindingCodes.OpLost, $"{OpText.Of(producer, op.Sequence)} is in its store's log and below the hub's cursor at {committed}, but not at the hub");
        }
        else
        {
            Pending++;
            findings.AddUnsettled(FindingCodes.OpPending, $"{OpText.Of(producer, op.Sequence)} has not reached the hub, whose cursor is at {committed}");
        }
    }

    private void Found(ProducerId producer, FactEntry entry, AgentOp op)
    {
        entry.IsLogged = true;
        if (entry.Twin is not null)
        {
            entry.Twin.IsLogged = true;
        }

        if (entry.Digest != op.Digest)
        {
            findings.Add(FindingCodes.OpBytesDiffer, $"{OpText.Of(producer, op.Sequence)} has other bytes at the hub than in its store's log");
        }
    }

    private void CountApplied(ProducerId chain, List<FactEntry> log)
    {
        foreach (var entry in log.Where(entry => !IsCopy(chain, entry)))
        {
            var applied = entry.Applied + (entry.Twin?.Applied ?? 0);
            Applied += applied > 0 || !entry.NeedsRecord ? 1 : 0;
            Lost += applied == 0 && entry.NeedsRecord && hub.HasRecords ? 1 : 0;
            Duplicated += Math.Max(0, applied - 1);
        }
    }

    private void CheckLines(ProducerId producer, AgentLog log)
    {
        if (!log.IsComplete)
        {
            return;
        }

        var totals = log.Producers[producer].Totals;
        // Lines of another life count nothing, so a store keeps none.
        foreach (var (key, granted) in log.Current == producer ? log.Granted : [])
        {
            var committed = hub.Members.TryGetValue(key.Member, out var member) && member.Buckets.TryGetValue(key.Bucket, out var bucket) ? bucket.GrantedTo(producer) : 0;
            if (granted > committed && hub.Lives.IsReconcilingWith(producer.Store))
            {
                findings.AddUnsettled(FindingCodes.LineGrantAhead, $"{Name(producer, key)}: holds g = {granted}; the hub, which was restored, knows of {committed}");
            }
            else if (granted > committed)
            {
                findings.Add(FindingCodes.LineGrantAhead, $"{Name(producer, key)}: holds g = {granted}; the hub granted {committed}");
            }
        }

        // Of a forked life the hub counts all histories, of one that is over also what its store forgot: the replay has checked those sums.
        if (!IsPresent(producer, log) || hub.Lives.BranchesOf(producer).Count > 0)
        {
            return;
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

    private void Compare(ProducerId producer, (UInt128 Member, BucketKey Bucket) key, AgentTotals logged, LineFold counted)
    {
        var parked = hub.ParkedTotals.GetValueOrDefault((producer, key.Member, key.Bucket)) ?? new AgentTotals();
        // A release by the hub raises R too, but only of a life that is over.
        var line = (Credited: counted.Credited + parked.Credited, Debited: counted.Debited + parked.Debited, Relinquished: counted.Relinquished + parked.Relinquished);
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
