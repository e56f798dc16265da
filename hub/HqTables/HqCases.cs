using SyncHub.Core.Cases;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Storage.Hq;

namespace SyncHub.Hub.HqTables;

/// <summary>The cases for the tables of HQ. They are documents without a feed: what is open, and what is newer than that, is looked at again and again.</summary>
/// <remarks>Cases sort by the time of their opening, so a look begins at the oldest one that was open at the last one. Not thread-safe.</remarks>
internal sealed class HqCases(IJournal journal)
{
    private const string Collection = "case";
    private const int Page = 500;

    private readonly Dictionary<CaseId, bool> _isOpen = []; // from the oldest open one on
    private byte[] _after = [];

    /// <summary>Cases that are new or were closed since the last look.</summary>
    public List<HqCase> Look()
    {
        var found = new List<HqCase>();
        CaseId? oldestOpen = null;
        byte[] beforeIt = _after, key = _after;
        for (var page = journal.ReadDocuments(Collection, default, key, Page); page.Count > 0; page = journal.ReadDocuments(Collection, default, key, Page))
        {
            foreach (var document in page)
            {
                var read = CaseCodec.Decode(document.Value);
                if (!_isOpen.TryGetValue(read.Id, out var wasOpen) || wasOpen != read.IsOpen)
                {
                    found.Add(RowOf(read));
                    _isOpen[read.Id] = read.IsOpen;
                }

                if (read.IsOpen && oldestOpen is null)
                {
                    (oldestOpen, beforeIt) = (read.Id, key);
                }

                key = document.Key;
            }
        }

        // Where none is open, from the newest one on: one that is opened now sorts after it, as far as the clock goes forward.
        _after = oldestOpen is null ? key : beforeIt;
        return found;
    }

    /// <summary>The tables were emptied: all cases are new.</summary>
    public void Forget()
    {
        _isOpen.Clear();
        _after = [];
    }

    private static HqCase RowOf(Case read) => new(read.Id.ToString(), HqRecord.NameOf(read.Kind.ToString()), read.OpenedAtMs, read.Closing?.AtMs, read.Member == default ? null : new StreamId(read.Member.Value),
        read.Store == default ? null : read.Store.Value, read.Op is { } op ? new FactKey(new ProducerId(op.Holder.Store.Value, op.Holder.Incarnation.Value), op.Sequence) : null, read.AmountMinor, read.AssetCode, read.PayerAccount);
}
