using Google.Protobuf;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Hq;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;
using MemberView = SyncHub.Core.Members.MemberView;

namespace SyncHub.Hub.Members;

/// <summary>All that the hub has of one person: the member and those merged into it, their wallets, ops, changes and cases.</summary>
/// <remarks>
/// Bookkeeping of rights (grants, releases) is in the wallets' lines. Of a member that was erased the ops are told without names and texts: the log
/// still holds them, sealed, and an export must not bring back what was erased.
/// </remarks>
internal sealed class MemberExporter(HubParts parts, CaseBook cases)
{
    private const int Page = 100; // of records in a part: far below the limit of a message

    /// <summary>Reads everything, part by part; each member is on record in the audit trail before its part.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT or NOT_FOUND.</exception>
    public async IAsyncEnumerable<MemberExport> ReadAsync(string memberId, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var member = await MemberReading.ReadAsync(parts, memberId, cancellation).ConfigureAwait(false);
        yield return new MemberExport { ExportedAtMs = parts.NowMs(), FloorDenied = parts.Denials.All().Contains(member.Id) };
        List<MemberId> ids = [member.Id];
        for (var i = 0; i < ids.Count; i++)
        {
            var view = i == 0 ? member : await MemberReading.ReadAsync(parts, ids[i], cancellation).ConfigureAwait(false);
            ids.AddRange(view.Aliases.Where(alias => !ids.Contains(alias)));
            yield return new MemberExport { Members = { MemberReading.Show(parts, view) }, Wallets = { MemberCodec.ToWallet(view, parts.Rules.Rules.Currency) } };
            foreach (var part in Records(view, member.IsErased))
            {
                yield return part;
            }
        }

        foreach (var page in CasesOf([.. ids]))
        {
            yield return page;
        }
    }

    private IEnumerable<MemberExport> Records(MemberView view, bool isErased)
    {
        var next = 1L;
        for (var page = parts.Journal.ReadRecords(new StreamId(view.Id.Value), next, Page); page.Count > 0; page = parts.Journal.ReadRecords(new StreamId(view.Id.Value), next, Page))
        {
            var part = new MemberExport();
            foreach (var record in page)
            {
                Add(part, view, record, isErased || view.IsErased);
                next = record.Version + 1;
            }

            yield return part;
        }
    }

    private static void Add(MemberExport part, MemberView view, StoredRecord record, bool isErased)
    {
        var change = MemberEventRecord.Parser.ParseFrom(record.Payload);
        if (record.FactBytes is { } bytes)
        {
            var applied = change.OpApplied ?? change.Resumed;
            part.Ops.Add(new ExportedOp
            {
                MemberId = view.Id.ToString(),
                Version = record.Version,
                RecordedAtMs = change.RecordedAtMs,
                Classification = applied?.Classification ?? default,
                Note = applied?.Note ?? change.Parked?.Reason ?? "",
                Op = Blank(OpEnvelope.Parser.ParseFrom(bytes), isErased),
            });
        }
        else if (ChangeOf(change, isErased) is { } told)
        {
            (told.MemberId, told.Version, told.RecordedAtMs, told.What) = (view.Id.ToString(), record.Version, change.RecordedAtMs, JsonNameOf(change));
            part.Changes.Add(told);
        }
    }

    private static OpEnvelope Blank(OpEnvelope op, bool isErased)
    {
        if (isErased)
        {
            (op.Profile, op.Note, op.Tag) = (null, "", "");
            op.Fields.Clear();
        }

        return op;
    }

    private static ExportedChange? ChangeOf(MemberEventRecord change, bool isErased) => change.EventCase switch
    {
        MemberEventRecord.EventOneofCase.Registered => new ExportedChange { Profile = isErased ? null : change.Registered.Profile },
        MemberEventRecord.EventOneofCase.ProfileChanged => new ExportedChange
        {
            Operator = change.ProfileChanged.Operator,
            Fields = { isErased ? [] : change.ProfileChanged.Fields },
            AddedTags = { isErased ? [] : change.ProfileChanged.AddedTags },
        },
        MemberEventRecord.EventOneofCase.MemberErased => new ExportedChange { Operator = change.MemberErased.Operator, Reason = change.MemberErased.Reason },
        MemberEventRecord.EventOneofCase.MergedInto => new ExportedChange { Operator = change.MergedInto.Operator, Reason = change.MergedInto.Reason, OtherMemberId = IdOf(change.MergedInto.Survivor) },
        MemberEventRecord.EventOneofCase.MergeUndone => new ExportedChange { Operator = change.MergeUndone.Operator, Reason = change.MergeUndone.Reason, OtherMemberId = IdOf(change.MergeUndone.Survivor) },
        MemberEventRecord.EventOneofCase.AliasReleased => new ExportedChange { Operator = change.AliasReleased.Operator, Reason = change.AliasReleased.Reason, OtherMemberId = IdOf(change.AliasReleased.Alias) },
        MemberEventRecord.EventOneofCase.CreditLimit => new ExportedChange { LimitMinor = change.CreditLimit.LimitMinor },
        _ => null,
    };

    private static string IdOf(ByteString id) => MemberId.FromBytes(id.Span).ToString();

    private static string JsonNameOf(MemberEventRecord change) => MemberEventRecord.Descriptor.FindFieldByNumber((int)change.EventCase).Name;

    private IEnumerable<MemberExport> CasesOf(HashSet<MemberId> ids)
    {
        Core.Cases.CaseId? after = null;
        do
        {
            var (found, next) = cases.List(one => ids.Contains(one.Member) || ids.Contains(one.OtherMember), after, Page);
            yield return new MemberExport { Cases = { found.Select(CaseCodec.ToWire) } };
            after = next;
        }
        while (after is not null);
    }
}
