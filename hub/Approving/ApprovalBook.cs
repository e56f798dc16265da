using System.Globalization;
using System.Text;
using Google.Protobuf;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Approving;

/// <summary>Acts that wait for a second person: documents of the journal.</summary>
/// <remarks>Thread-safe. Each is decided once, under one lock, and durable before it is done.</remarks>
internal sealed class ApprovalBook(HubParts parts) : IDisposable
{
    private const string Collection = "approval";
    private const int ScanPage = 500;
    private readonly SemaphoreSlim _changing = new(1);

    /// <summary>One, or null.</summary>
    public Approval? Find(string id) => parts.Journal.ReadDocument(Collection, Encoding.UTF8.GetBytes(id)) is { } bytes ? Approval.Parser.ParseFrom(bytes) : null;

    /// <summary>What matches, oldest first.</summary>
    /// <remarks>All that were ever asked for are looked at; only what matches is kept meanwhile.</remarks>
    public IReadOnlyList<Approval> Those(Predicate<Approval> matches)
    {
        var found = new List<Approval>();
        byte[] key = [];
        for (var page = parts.Journal.ReadDocuments(Collection, default, key, ScanPage); page.Count > 0; page = parts.Journal.ReadDocuments(Collection, default, key, ScanPage))
        {
            key = page[^1].Key;
            found.AddRange(page.Select(document => Approval.Parser.ParseFrom(document.Value)).Where(approval => matches(approval)));
        }

        found.Sort(static (one, other) => string.CompareOrdinal(PlaceOf(one), PlaceOf(other)));
        return found;
    }

    /// <summary>Where one stands among all, as text that sorts.</summary>
    public static string PlaceOf(Approval approval) => string.Create(CultureInfo.InvariantCulture, $"{approval.RequestedAtMs:D15}.{approval.Id}");

    /// <summary>Adds or changes one.</summary>
    /// <param name="id">Which.</param>
    /// <param name="change">From what is there to what shall be; it may throw, and then changes nothing.</param>
    public async Task<Approval> ChangeAsync(string id, Func<Approval?, Approval> change)
    {
        await _changing.WaitAsync().ConfigureAwait(false);
        try
        {
            var changed = change(Find(id));
            var batch = new JournalBatch();
            batch.Documents.Add(new DocumentWrite(Collection, Encoding.UTF8.GetBytes(id), changed.ToByteArray()));
            await parts.Pipeline.CommitAsync(batch).ConfigureAwait(false);
            return changed;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();
}
