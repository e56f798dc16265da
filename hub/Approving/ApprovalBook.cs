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
    private readonly SemaphoreSlim _changing = new(1);

    /// <summary>One, or null.</summary>
    public Approval? Find(string id) => parts.Journal.ReadDocument(Collection, Encoding.UTF8.GetBytes(id)) is { } bytes ? Approval.Parser.ParseFrom(bytes) : null;

    /// <summary>All, oldest first.</summary>
    public IReadOnlyList<Approval> All() => [.. parts.Journal.ReadDocuments(Collection, default, default, int.MaxValue).Select(document => Approval.Parser.ParseFrom(document.Value)).OrderBy(approval => approval.RequestedAtMs)];

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
