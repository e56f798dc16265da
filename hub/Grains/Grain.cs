using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>One member, active in memory: the machine that decides, and what its partition needs to know to keep or evict it.</summary>
internal sealed class Grain
{
    private Grain(MemberMachine machine, long snapshotVersion)
    {
        Machine = machine;
        SnapshotVersion = snapshotVersion;
    }

    /// <summary>The member's mind.</summary>
    public MemberMachine Machine { get; }

    /// <summary>The version of the newest snapshot, written or on its way.</summary>
    public long SnapshotVersion { get; set; }

    /// <summary>The partition's number of the newest batch with an event of this grain; below the released one it may be evicted.</summary>
    public long LastBatch { get; set; }

    /// <summary>Its place in the partition's order of use.</summary>
    public LinkedListNode<MemberId>? Place { get; set; }

    /// <summary>Rebuilds a member from the newest snapshot and the tail of records after it; a new member where there is nothing.</summary>
    public static Grain Activate(MemberId id, Asset currency, IJournal journal)
    {
        var stored = journal.ReadStream(new StreamId(id.Value));
        var state = new MemberState(id, currency);
        var records = Switches.IsOff(Mechanism.SnapshotTail) && stored.SnapshotVersion > 0 ? [] : stored.Tail;
        if (stored.Snapshot is { } snapshot && !SnapshotCodec.Decode(snapshot, stored.SnapshotVersion, state))
        {
            records = journal.ReadRecords(new StreamId(id.Value), 1, int.MaxValue);
        }

        foreach (var record in records)
        {
            var (change, recordedAtMs) = Decode(record);
            state.Apply(change, recordedAtMs);
        }

        return new Grain(new MemberMachine(state), stored.SnapshotVersion);
    }

    /// <summary>The event of a record, and when the hub wrote it.</summary>
    public static (MemberEvent Event, long RecordedAtMs) Decode(StoredRecord record) => EventCodec.Decode(record.Payload, record.FactBytes, PlaceOf(record.Fact));

    private static OpId PlaceOf(FactKey? fact) =>
        fact is { } key ? new OpId(new Holder(new StoreId((int)key.Producer.Store), new Incarnation(key.Producer.Incarnation)), key.Sequence) : default;

    /// <summary>The snapshot to write now.</summary>
    public NewSnapshot TakeSnapshot()
    {
        var state = Machine.State;
        SnapshotVersion = state.Version;
        return new NewSnapshot(new StreamId(state.Id.Value), state.Version, SnapshotCodec.Encode(state));
    }
}
