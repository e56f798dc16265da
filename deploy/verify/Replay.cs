using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Checks 4 to 7 along the records, in the order in which the hub wrote them.</summary>
internal sealed partial class Replay(HubLog hub, FindingLog findings, AccountCheck accounts, SnapshotCheck snapshots)
{
    private readonly RefundCheck _refunds = new(hub, findings);

    public void Run(IJournalRows file)
    {
        long position = 0;
        foreach (var record in file.Records())
        {
            if (record.Position != position + 1)
            {
                findings.Add(FindingCodes.PositionGap, $"after record {position} of the hub's journal comes record {record.Position}; expected {position + 1}");
            }

            position = record.Position;
            Take(record);
        }

        CheckUnapplied();
        CheckOwing();
    }

    private void Take(RecordRow record)
    {
        var member = hub.MemberOf(record.Stream.Value);
        if (record.Version != member.Version + 1)
        {
            findings.Add(FindingCodes.VersionGap, $"member {MemberText.Of(member.Id)}: after version {member.Version} comes version {record.Version}; expected {member.Version + 1}");
        }

        member.Version = record.Version;
        MemberEventRecord change;
        try
        {
            change = MemberEventRecord.Parser.ParseFrom(record.Payload);
        }
        catch (InvalidProtocolBufferException error)
        {
            findings.Add(FindingCodes.RecordUnreadable, $"{Name(record)} cannot be read: {error.Message}");
            return;
        }

        Apply(member, record, change);
        CheckAmounts(member);
        snapshots.Compare(member);
    }

    private void Apply(MemberFold member, RecordRow record, MemberEventRecord change)
    {
        if (record.Fact is { } stray && change.EventCase is not (MemberEventRecord.EventOneofCase.OpApplied or MemberEventRecord.EventOneofCase.Parked or MemberEventRecord.EventOneofCase.Resumed))
        {
            findings.Add(FindingCodes.RecordUnreadable, $"{Name(record)} names {OpText.Of(stray.Producer, stray.Sequence)}, but is of kind {change.EventCase}; expected an applied op");
        }

        hub.OpsRecorded += record.Fact is not null && change.EventCase != MemberEventRecord.EventOneofCase.Resumed ? 1 : 0; // which was counted when it was parked
        switch (change.EventCase)
        {
            case MemberEventRecord.EventOneofCase.OpApplied:
                ApplyOp(member, record, change.OpApplied, change.RecordedAtMs);
                break;
            case MemberEventRecord.EventOneofCase.Granted:
                ApplyGrant(member, change.Granted);
                break;
            case MemberEventRecord.EventOneofCase.Healed:
                ApplyHeal(member, change.Healed);
                break;
            case MemberEventRecord.EventOneofCase.Released:
                ApplyRelease(member, change.Released);
                break;
            case MemberEventRecord.EventOneofCase.Parked:
                ApplyParked(member, record, change.Parked);
                break;
            case MemberEventRecord.EventOneofCase.Resumed:
                ApplyResumed(member, record, change.Resumed, change.RecordedAtMs);
                break;
            case MemberEventRecord.EventOneofCase.RefundRightMoved:
                _refunds.Move(member, change.RefundRightMoved);
                break;
            case MemberEventRecord.EventOneofCase.Followed:
                member.Follow(change.Followed.Store);
                break;
            case MemberEventRecord.EventOneofCase.Registered:
                member.Register(change.Registered.Profile, change.RecordedAtMs);
                break;
            case MemberEventRecord.EventOneofCase.LotsExpired:
                ApplyExpiry(member, record, change.LotsExpired);
                break;
            case MemberEventRecord.EventOneofCase.CreditLimit:
                member.SetLimit(change.CreditLimit.LimitMinor);
                break;
            case MemberEventRecord.EventOneofCase.ShortfallBorne:
                ApplyShortfall(member, record, change.ShortfallBorne);
                break;
            case MemberEventRecord.EventOneofCase.ReceivableSettled:
                ApplySettlement(member, record, change.ReceivableSettled);
                break;
            case MemberEventRecord.EventOneofCase.ValueSent:
                Transfer(member, record, change.ValueSent, isSent: true);
                break;
            case MemberEventRecord.EventOneofCase.ValueTaken:
                Transfer(member, record, change.ValueTaken, isSent: false);
                break;
            case MemberEventRecord.EventOneofCase.ProfileChanged:
                member.Profile.Change(change.ProfileChanged, change.RecordedAtMs, member.Version);
                break;
            case MemberEventRecord.EventOneofCase.MemberErased:
                member.Profile.Erase();
                break;
            case var _ when member.Merge.Apply(member, change):
                break;
            default:
                findings.Add(FindingCodes.RecordUnreadable, $"{Name(record)} holds no event that is known");
                break;
        }
    }

    private void Transfer(MemberFold member, RecordRow record, ValueMovedEvent moved, bool isSent)
    {
        var increments = member.Merge.Move(moved, isSent);
        foreach (var (key, amount) in increments)
        {
            member.BucketOf(key).Transfer(amount);
        }

        accounts.Count(Name(record), moved.Entries);
        accounts.Compare(Name(record), increments.Select(part => (part.Bucket.Kind, part.Amount)), moved.Entries);
    }

    private void ApplyGrant(MemberFold member, GrantedEvent granted)
    {
        var holder = new ProducerId(granted.Store, granted.Incarnation);
        foreach (var line in granted.Lines)
        {
            var key = BucketKey.Of(line.Bucket);
            var bucket = member.BucketOf(key);
            if (line.Granted < bucket.GrantedTo(holder))
            {
                findings.AddWallet(FindingCodes.GrantShrinks, member.Id,
                    $"version {member.Version} grants {line.Granted} of {key} to {OpText.Of(holder)}; {bucket.GrantedTo(holder)} was granted before");
            }

            bucket.Grant(holder, line.Granted);
        }

        member.Follow(granted.Store);
    }

    private void ApplyOp(MemberFold member, RecordRow record, OpAppliedEvent applied, long recordedAtMs)
    {
        accounts.Count(Name(record), applied.Entries);
        if (TakeFact(member, record, applied.PreviousHash) is not ({ } op, var key))
        {
            return;
        }

        if (member.Parked.TryGetValue(key.Producer, out var first))
        {
            findings.AddWallet(FindingCodes.OpPastParked, member.Id, $"{OpText.Of(key.Producer, key.Sequence)} was applied although op {first} of the same chain is parked; expected that it waits too");
        }

        member.Pass(key.Producer, key.Sequence);
        Fold(member, key, op, applied, recordedAtMs);
    }

    // The op that a record takes in, once; null where there is none, or it was reported.
    private (OpEnvelope Op, FactKey Key)? TakeFact(MemberFold member, RecordRow record, ByteString previousHash)
    {
        if (record.Fact is not { } key || Find(key) is not { } found)
        {
            findings.Add(FindingCodes.RecordWithoutOp,
                $"{Name(record)} says that {(record.Fact is { } missing ? OpText.Of(missing.Producer, missing.Sequence) : "an op")} was applied; the hub holds no such op");
            return null;
        }

        found.Applied++;
        if (found.Applied + (found.Twin?.Applied ?? 0) > 1)
        {
            // Not folded: the wallet must be what one application makes of it.
            findings.Add(FindingCodes.OpAppliedTwice, $"{OpText.Of(key.Producer, key.Sequence)} is applied again by {Name(record)}; expected one record in all");
            findings.MismatchedMembers.Add(member.Id);
            return null;
        }

        CheckPrevious(key, found, previousHash);
        if (hub.Facts.Read(found) is not { } op)
        {
            return null; // reported with the fact
        }

        if (OpReader.MemberOf(op) != member.Id)
        {
            findings.Add(FindingCodes.OpWrongMember,
                $"{OpText.Of(key.Producer, key.Sequence)} is of member {MemberText.Of(OpReader.MemberOf(op))}, but was applied to member {MemberText.Of(member.Id)}");
            findings.MismatchedMembers.Add(member.Id);
            findings.MismatchedMembers.Add(OpReader.MemberOf(op));
        }

        if (member.Newest.TryGetValue(key.Producer, out var newest) && key.Sequence < newest)
        {
            findings.AddWallet(FindingCodes.OpOutOfOrder, member.Id, $"{OpText.Of(key.Producer, key.Sequence)} was applied after op {newest} of the same store");
        }

        return (op, key);
    }

    private void Fold(MemberFold member, FactKey key, OpEnvelope op, OpAppliedEvent applied, long recordedAtMs)
    {
        var holder = hub.Lives.LifeOf(key.Producer);
        var effect = member.Apply(op, holder, recordedAtMs, applied.Undone, applied.FloorLimitMinor, applied.HashHead, isBranch: holder != key.Producer);
        if (effect.IsParked)
        {
            CountParked(member, holder, op);
        }

        var name = $"{OpText.Of(key.Producer, key.Sequence)}, {op.Type} of member {MemberText.Of(member.Id)}";
        _refunds.Judge(member, name, key, op, applied);
        if (applied.Classification != effect.Classification)
        {
            findings.Add(FindingCodes.ClassificationDiffers, $"{name}: the hub says {applied.Classification}; expected {effect.Classification}");
        }

        accounts.Compare(name, op, key.Producer.Store, effect, applied);
        if (applied.HashHead != 0 && applied.HashHead != (ulong)(Find(key)!.HashHead >> 64))
        {
            findings.AddWallet(FindingCodes.TagNameDiffers, member.Id, $"{name}: its record names the tag by hash {applied.HashHead:x16}; the fact has {Find(key)!.HashHead >> 64:x16}");
        }
    }

    // With the predecessor at hand its hash must be the record's; without it the record's copy is what proves the chain.
    private void CheckPrevious(FactKey key, FactEntry found, ByteString previousHash)
    {
        var previous = previousHash.IsEmpty ? Chain.Genesis : previousHash.ToByteArray();
        var isRight = previous.Length == Chain.HashBytes
            && (hub.Facts.Orphans.Remove((key.Producer, key.Sequence), out var orphan) ? Chain.Follows(previous, orphan.Bytes, orphan.Hash)
                : key.Sequence == 1 ? previous.AsSpan().SequenceEqual(Chain.Genesis)
                : Find(new FactKey(key.Producer, found.Sequence - 1))?.HashHead == Chain.Head(previous));
        if (!isRight)
        {
            findings.Add(FindingCodes.RecordPreviousHash,
                $"{OpText.Of(key.Producer, key.Sequence)}: its record says that hash {OpText.Hash(previous)} is before it; the chain says otherwise");
        }
    }

    private void CheckAmounts(MemberFold member)
    {
        foreach (var (key, bucket) in member.Buckets)
        {
            if (bucket.IsReported)
            {
                continue;
            }

            Int128 held = 0;
            foreach (var (holder, line) in bucket.Lines)
            {
                held += line.Outstanding;
                // I2
                if (line.Outstanding < 0 || line.Disowned < 0)
                {
                    Report(bucket, FindingCodes.NegativeAmount, member, $"at version {member.Version} {OpText.Of(holder)} holds {line.Outstanding} of {key} (disowned {line.Disowned}); expected 0 or more");
                }

                if (line.Outstanding + line.Disowned != line.Granted + line.Credited - line.Debited - line.Relinquished + line.Unbacked)
                {
                    Report(bucket, FindingCodes.WalletUnbalanced, member, $"at version {member.Version} the line of {OpText.Of(holder)} in {key} does not add up: A {line.Outstanding}, F {line.Disowned}, G {line.Granted}, C {line.Credited}, D {line.Debited}, R {line.Relinquished}");
                }
            }

            // I2, I4
            if (bucket.Pool < bucket.LowestPool || (bucket.Total < 0 && bucket.LowestPool == 0))
            {
                Report(bucket, FindingCodes.NegativeAmount, member, $"at version {member.Version} {key} has {bucket.Pool} free and {bucket.Total} in all; expected 0 or more");
            }

            // I3
            if (bucket.Pool + held != bucket.Total)
            {
                Report(bucket, FindingCodes.WalletUnbalanced, member, $"at version {member.Version} {key} has {bucket.Pool} free and {held} held, but {bucket.Total} in all");
            }

            bucket.SettlePool();
        }
    }

    private void Report(BucketFold bucket, string code, MemberFold member, string message)
    {
        bucket.IsReported = true;
        findings.AddWallet(code, member.Id, message);
    }

    private void CheckUnapplied()
    {
        foreach (var (producer, log) in hub.Facts.Logs)
        {
            foreach (var entry in log)
            {
                if (entry is { Applied: 0, NeedsRecord: true, Twin: null })
                {
                    findings.Add(FindingCodes.OpNotApplied, $"{OpText.Of(producer, entry.Sequence)} ({entry.Type}) lies at the hub, but no member's record applies it");
                }
            }
        }
    }

    private FactEntry? Find(FactKey key) => hub.Facts.FindEntry(key.Producer, key.Sequence);

    private static string Name(RecordRow record) => $"record {record.Position} (version {record.Version} of member {MemberText.Of(record.Stream.Value)})";
}
