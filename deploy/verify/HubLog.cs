using SyncHub.Storage;
using SyncHub.Storage.Audit;

namespace SyncHub.Verify;

/// <summary>What the audit remembers of the hub's file.</summary>
internal sealed class HubLog(string path, FindingLog findings)
{
    public string Path { get; } = path;

    public FactIndex Facts { get; } = new();

    public Lives Lives { get; } = new(findings);

    /// <summary>Up to where the hub says it has each producer's ops, applied.</summary>
    public Dictionary<ProducerId, CursorRow> Cursors { get; } = [];

    public Dictionary<UInt128, MemberFold> Members { get; } = [];

    /// <summary>Whether facts and cursors were read to the end.</summary>
    public bool HasFacts { get; set; }

    /// <summary>Whether all records were replayed.</summary>
    public bool HasRecords { get; set; }

    /// <summary>Ops that a record is about.</summary>
    public long OpsRecorded { get; set; }

    /// <summary>Ops kept without moving value.</summary>
    public long Parked { get; set; }

    /// <summary>What ops moved that are parked: their store's lines have it, the hub's have not.</summary>
    public Dictionary<(ProducerId Holder, UInt128 Member, BucketKey Bucket), AgentTotals> ParkedTotals { get; } = [];

    /// <summary>How far all balances of an asset and all records are from zero.</summary>
    public Int128 ImbalanceMinor { get; set; }

    public long CommittedOf(ProducerId producer) => Cursors.TryGetValue(producer, out var cursor) ? cursor.Sequence : 0;

    public MemberFold MemberOf(UInt128 id)
    {
        if (!Members.TryGetValue(id, out var member))
        {
            Members.Add(id, member = new MemberFold(id));
        }

        return member;
    }
}
