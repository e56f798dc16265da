using Microsoft.Extensions.Logging;
using SyncHub.Core.Cases;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;
using Case = SyncHub.Core.Cases.Case;
using CaseKind = SyncHub.Core.Cases.CaseKind;
using OpId = SyncHub.Core.Primitives.OpId;

namespace SyncHub.Hub.Cases;

/// <summary>Ops that wait because they could not be decided, and how they are taken up again (protocol.md 1.16).</summary>
/// <remarks>Read from the members' records, which are the truth; nothing is kept here. Thread-safe.</remarks>
internal sealed class ParkedOps(HubParts parts, CaseBook book)
{
    private const int Page = 500;

    private List<(ParkedOp Op, Holder Life)> WaitingOf(MemberId member)
    {
        var waiting = new OrderedDictionary<FactKey, (ParkedOp, Holder)>();
        var version = 1L;
        for (var page = Records(member, version); page.Count > 0; page = Records(member, version))
        {
            foreach (var record in page)
            {
                version = record.Version + 1;
                if (record.Fact is not { } fact)
                {
                    continue;
                }

                var change = MemberEventRecord.Parser.ParseFrom(record.Payload);
                if (change.Parked is { } parked)
                {
                    var life = new Holder(new StoreId((int)fact.Producer.Store), new Incarnation(parked.Life == 0 ? fact.Producer.Incarnation : parked.Life));
                    waiting[fact] = (Describe(member, fact, parked.Reason, change.RecordedAtMs, record.FactBytes!), life);
                }
                else if (change.Resumed is not null)
                {
                    waiting.Remove(fact);
                }
            }
        }

        return [.. waiting.Values];
    }

    /// <summary>All that waits, of every member with an open case of that kind, in order of <see cref="PlaceOf"/>; members are read as they are taken.</summary>
    /// <param name="after">The place of the last one of the page before; empty: from the start.</param>
    public IEnumerable<ParkedOp> After(string after) =>
        book.List(found => found is { IsOpen: true, Kind: CaseKind.ParkedOp }, after: null, int.MaxValue).Cases.Select(found => found.Member).Distinct()
            .Select(member => (Id: member, Name: member.ToString())).OrderBy(member => member.Name, StringComparer.Ordinal)
            .Where(member => string.CompareOrdinal(member.Name, 0, after, 0, member.Name.Length) >= 0)
            .SelectMany(member => Of(member.Id, after));

    /// <summary>As <see cref="After"/>, of one member.</summary>
    public IEnumerable<ParkedOp> Of(MemberId member, string after) =>
        WaitingOf(member).Select(waiting => waiting.Op).OrderBy(PlaceOf, StringComparer.Ordinal).Where(op => string.CompareOrdinal(PlaceOf(op), after) > 0);

    /// <summary>Where an op stands in a list, as text that sorts: by member, then by when it was parked.</summary>
    public static string PlaceOf(ParkedOp op) => op.MemberId + "." + op.CaseId;

    /// <summary>Takes up everything that waits of the log of a case's op, in whatever chains it stands.</summary>
    /// <returns>What was taken up; empty where nothing waited.</returns>
    public async Task<IReadOnlyList<ParkedOp>> ResumeAsync(Case about, string person, CancellationToken cancellation)
    {
        var all = WaitingOf(about.Member);
        if (about.Op is not { } place || all.FirstOrDefault(waiting => OpIdCodec.ToCore(waiting.Op.Place) == place) is not { Op: not null } asked)
        {
            return [];
        }

        ParkedOp[] log = [.. all.Where(waiting => waiting.Life == asked.Life).Select(waiting => waiting.Op).OrderBy(op => op.Place.Sequence).ThenBy(op => op.Place.Incarnation)];
        var ops = log.Select(op => Arrived(OpIdCodec.ToCore(op.Place))).ToArray();
        await parts.Grains.AskAsync(about.Member, reply => new ResumeParkedWanted(asked.Life, ops, reply), cancellation).ConfigureAwait(false);
        parts.Log.LogWarning("{Count} parked ops of member {Member} were taken up again by {Person}", log.Length, about.Member, person);
        foreach (var op in log)
        {
            var closing = new CaseClosing(person, parts.NowMs(), "Taken up again.");
            await book.CloseAsync(CaseId.TryParse(op.CaseId, out var id) ? id : about.Id, closing, cancellation).ConfigureAwait(false);
        }

        return log;
    }

    private IReadOnlyList<StoredRecord> Records(MemberId member, long version) => parts.Journal.ReadRecords(new StreamId(member.Value), version, Page);

    private OpArrived Arrived(OpId place)
    {
        var fact = FactAt(place);
        return new OpArrived(OpCodec.Decode(fact.Bytes)) { Place = place, HashHead = OpHash.FromBytes(fact.Hash).Head };
    }

    private StoredFact FactAt(OpId place) => parts.Journal.ReadFacts(new ProducerId(place.Holder.Store.Value, place.Holder.Incarnation.Value), place.Sequence, 1, int.MaxValue)[0];

    private static ParkedOp Describe(MemberId member, FactKey fact, string reason, long atMs, byte[] bytes)
    {
        var place = new OpId(new Holder(new StoreId((int)fact.Producer.Store), new Incarnation(fact.Producer.Incarnation)), fact.Sequence);
        var op = OpCodec.Decode(bytes);
        return new ParkedOp
        {
            Op = OpIdCodec.ToWire(op.Id),
            Place = OpIdCodec.ToWire(place),
            Type = (OpType)op.Type,
            MemberId = member.ToString(),
            Reason = reason,
            ParkedAtMs = atMs,
            CaseId = CaseId.Of(CaseKind.ParkedOp, place.ToString(), atMs).ToString(),
        };
    }
}
