using SyncHub.Core.Cases;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Hub.Cases;

/// <summary>The hub's cases: documents of the journal, opened in the commit of what they are about, closed by a person.</summary>
/// <remarks>Thread-safe. A case that exists is never opened over: whoever decides the same thing again changes nothing.</remarks>
internal sealed class CaseBook(HubParts parts) : IDisposable
{
    private const string Collection = "case";
    private const int ScanPage = 500;

    // Two closings of one case must not both win: the second one reads what the first one wrote.
    private readonly SemaphoreSlim _closing = new(1);

    /// <summary>Opens a case with a batch; in no other commit than that of its cause.</summary>
    public static void Open(JournalBatch batch, Case opened) =>
        batch.Documents.Add(new DocumentWrite(Collection, opened.Id.ToBytes(), CaseCodec.Encode(opened), OnlyIfAbsent: true));

    /// <summary>A case, or null.</summary>
    public Case? Find(CaseId id) => parts.Journal.ReadDocument(Collection, id.ToBytes()) is { } bytes ? CaseCodec.Decode(bytes) : null;

    /// <summary>Cases that match, oldest first, after a given one.</summary>
    /// <returns>At most <paramref name="limit"/> cases, and where the next page starts; null at the end.</returns>
    public (IReadOnlyList<Case> Cases, CaseId? Next) List(Predicate<Case> matches, CaseId? after, int limit)
    {
        var found = new List<Case>();
        var key = after?.ToBytes() ?? [];
        for (var page = parts.Journal.ReadDocuments(Collection, default, key, ScanPage); page.Count > 0; page = parts.Journal.ReadDocuments(Collection, default, key, ScanPage))
        {
            foreach (var document in page)
            {
                key = document.Key;
                if (CaseCodec.Decode(document.Value) is var read && matches(read))
                {
                    if (found.Count == limit)
                    {
                        return (found, found[^1].Id);
                    }

                    found.Add(read);
                }
            }
        }

        return (found, null);
    }

    /// <summary>Closes a case.</summary>
    /// <returns>The case as it is now, and whether this call closed it; null for an unknown one.</returns>
    public async Task<(Case Case, bool Closed)?> CloseAsync(CaseId id, CaseClosing closing, CancellationToken cancellation)
    {
        await _closing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (Find(id) is not { IsOpen: true } open)
            {
                return Find(id) is { } closed ? (closed, false) : null;
            }

            open = open with { Closing = closing };
            var batch = new JournalBatch();
            batch.Documents.Add(new DocumentWrite(Collection, id.ToBytes(), CaseCodec.Encode(open)));
            var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            parts.Pipeline.Submit(batch, null, () => durable.TrySetResult());
            await durable.Task.ConfigureAwait(false); // not cancelled: the next closing must read what this one wrote
            return (open, true);
        }
        finally
        {
            _closing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _closing.Dispose();
}
