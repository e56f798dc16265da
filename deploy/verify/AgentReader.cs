using System.Buffers.Binary;
using System.Text.Json;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.Storage.Sqlite.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Checks 1, 2, 9 and the part of 8 that an agent's folder shows by itself.</summary>
internal sealed class AgentReader(FindingLog findings, RequestIndex requests)
{
    /// <summary>Reads one agent's folder.</summary>
    public AgentLog Read(string directory)
    {
        var log = new AgentLog(Path.Combine(directory, "agent.db")) { Current = ReadIdentity(Path.Combine(directory, "identity.json")) };
        Guarded.Run(findings, log.Path, "the agent's journal", () =>
        {
            using var file = JournalFileReader.Open(log.Path);
            FileCheck.Run(file, log.Path, findings);
            Guarded.Run(findings, log.Path, "which life it is in", () => AgentLives.Read(file, log, findings));
            log.IsComplete = Guarded.Run(findings, log.Path, "its ops", () => ReadOps(file, log));
            log.Current ??= log.Producers.Count == 0 ? null : log.Producers.Keys.MaxBy(producer => producer.Incarnation);
            var isRead = Guarded.Run(findings, log.Path, "its right lines", () => ReadLines(file, log));
            if (log.IsComplete)
            {
                AgentLives.CheckDeadLogs(log, findings);
            }

            if (log.IsComplete && isRead)
            {
                CheckUnlisted(log);
            }
        });
        return log;
    }

    /// <summary>Ops that the agent logged after <paramref name="log"/> was read; a running agent goes on while the hub is read.</summary>
    public void ReadLater(AgentLog log, ProducerId producer)
    {
        var known = log.Producers[producer];
        var tip = known.Tip;
        Guarded.Run(findings, log.Path, "ops that were logged during the audit", () =>
        {
            using var file = JournalFileReader.Open(log.Path);
            foreach (var fact in file.Facts())
            {
                if (fact.Producer == producer && fact.Sequence > tip)
                {
                    Take(log.Path, known, fact);
                }
            }
        });
    }

    private void ReadOps(JournalFileReader file, AgentLog log)
    {
        StoredFact previous = default;
        foreach (var fact in file.Facts())
        {
            if (fact.Producer != previous.Producer || previous.Hash is null)
            {
                previous = new StoredFact(fact.Producer, 0, Chain.Genesis, []);
                log.Producers.Add(fact.Producer, new AgentProducer());
                if (log.Current is { } current && current.Store != fact.Producer.Store)
                {
                    findings.Add(FindingCodes.AgentIdentity, $"{log.Path}: holds ops of {OpText.Of(fact.Producer)}; expected ops of store {current.Store} only");
                }
            }

            CheckPlace(log.Path, previous, fact);
            Take(log.Path, log.Producers[fact.Producer], fact);
            previous = fact;
        }
    }

    private void CheckPlace(string path, StoredFact previous, StoredFact fact)
    {
        if (fact.Sequence != previous.Sequence + 1)
        {
            findings.Add(FindingCodes.AgentLogGap, $"{path}: after op {previous.Sequence} of {OpText.Of(fact.Producer)} comes op {fact.Sequence}; expected op {previous.Sequence + 1}");
        }
        else if (!Chain.Follows(previous.Hash, fact.Bytes, fact.Hash))
        {
            findings.Add(FindingCodes.AgentLogChain, $"{path}: {OpText.Of(fact.Producer, fact.Sequence)} has hash {OpText.Hash(fact.Hash)}; its bytes and the op before give another");
        }
    }

    private void Take(string path, AgentProducer producer, StoredFact fact)
    {
        producer.Ops.Add(new AgentOp(fact.Sequence, Chain.Digest(fact.Bytes), Chain.Head(fact.Hash)));
        producer.TipHash = fact.Hash;
        if (OpReader.TryRead(fact.Bytes, out var fault) is not { } op)
        {
            findings.Add(FindingCodes.AgentOpUnreadable, $"{OpText.Of(fact.Producer, fact.Sequence)} cannot be read in its store's log: {fault}");
            return;
        }

        if (!OpReader.IsNamed(op, fact.Producer, fact.Sequence))
        {
            findings.Add(FindingCodes.AgentOpMisnamed,
                $"{OpText.Of(fact.Producer, fact.Sequence)} in its store's log names itself {OpText.Of(new ProducerId(op.Id.Store, op.Id.Incarnation), op.Id.Sequence)}");
        }

        requests.Add(op, fact.Producer, fact.Producer, fact.Sequence, path);
        Fold(producer, op);
    }

    private static void Fold(AgentProducer producer, OpEnvelope op)
    {
        foreach (var move in op.Moves)
        {
            var key = (OpReader.MemberOf(op), BucketKey.Of(move.Bucket));
            if (!producer.Totals.TryGetValue(key, out var totals))
            {
                producer.Totals.Add(key, totals = new AgentTotals());
            }

            totals.Take(move);
        }
    }

    private void ReadLines(JournalFileReader file, AgentLog log)
    {
        foreach (var document in file.Documents("lines"))
        {
            if (document.Key.Length != 16)
            {
                findings.Add(FindingCodes.LineUnreadable, $"{log.Path}: a document of right lines has a key of {document.Key.Length} bytes; expected the 16 of a member's id");
                continue;
            }

            var member = BinaryPrimitives.ReadUInt128BigEndian(document.Key);
            AgentLines lines;
            try
            {
                lines = AgentLines.Parser.ParseFrom(document.Value);
            }
            catch (InvalidProtocolBufferException error)
            {
                findings.Add(FindingCodes.LineUnreadable, $"{log.Path}: the right lines of member {MemberText.Of(member)} cannot be read: {error.Message}");
                continue;
            }

            foreach (var line in AgentLives.IsOf(lines, log.Current) ? lines.Lines : [])
            {
                CheckLine(log, member, line);
            }
        }
    }

    private void CheckLine(AgentLog log, UInt128 member, AgentLine line)
    {
        var key = (member, BucketKey.Of(line.Bucket));
        log.Granted[key] = line.Granted;
        // I1
        var available = (Int128)line.Granted + line.Credited - line.Debited - line.Relinquished;
        if (available < 0)
        {
            findings.Add(FindingCodes.LineNegative, $"{Name(log, key)}: a = {available} (g {line.Granted}, c {line.Credited}, d {line.Debited}, r {line.Relinquished}); expected 0 or more");
        }

        if (log.IsComplete)
        {
            Compare(log, key, line.Credited, line.Debited, line.Relinquished);
        }
    }

    // A line that the log moved and no document lists is a line of zeros.
    private void CheckUnlisted(AgentLog log)
    {
        if (log.Current is not { } current || !log.Producers.TryGetValue(current, out var producer))
        {
            return;
        }

        foreach (var key in producer.Totals.Keys.Where(key => !log.Granted.ContainsKey(key)))
        {
            Compare(log, key, 0, 0, 0);
        }
    }

    private void Compare(AgentLog log, (UInt128 Member, BucketKey Bucket) key, long credited, long debited, long relinquished)
    {
        var totals = log.Current is { } current && log.Producers.TryGetValue(current, out var producer) ? producer.Totals.GetValueOrDefault(key) : null;
        var (c, d, r) = totals is null ? (0, 0, 0) : (totals.Credited, totals.Debited, totals.Relinquished);
        if (c != credited || d != debited || r != relinquished)
        {
            findings.Add(FindingCodes.LineDiffers, $"{Name(log, key)}: its log adds up to c {c}, d {d}, r {r}; its line says c {credited}, d {debited}, r {relinquished}");
        }
    }

    private static string Name(AgentLog log, (UInt128 Member, BucketKey Bucket) key) =>
        $"{(log.Current is { } current ? OpText.Of(current) : log.Path)}, {key.Bucket} of member {MemberText.Of(key.Member)}";

    private ProducerId? ReadIdentity(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind == JsonValueKind.Object && Number(json.RootElement, "store") is { } store && Number(json.RootElement, "incarnation") is { } incarnation)
            {
                return new ProducerId(store, incarnation);
            }

            findings.Add(FindingCodes.AgentIdentity, $"{path}: expected the numbers store and incarnation");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            findings.Add(FindingCodes.AgentIdentity, $"{path}: cannot be read; expected the numbers store and incarnation. {error.Message}");
        }

        return null;
    }

    // 64-bit numbers are often written as text in JSON, because JavaScript would round them; names differ in case between writers.
    private static long? Number(JsonElement identity, string name)
    {
        foreach (var property in identity.EnumerateObject())
        {
            if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return property.Value.ValueKind switch
                {
                    JsonValueKind.Number when property.Value.TryGetInt64(out var number) => number,
                    JsonValueKind.String when long.TryParse(property.Value.GetString(), out var number) => number,
                    _ => null,
                };
            }
        }

        return null;
    }
}
