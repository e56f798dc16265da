using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Faults.KillTarget;

/// <summary>A journal whose commits count. Reads are the journal's own.</summary>
internal sealed class KillingJournal(IJournal journal, Trigger trigger) : JournalAround(journal)
{
    /// <inheritdoc/>
    public override Task<long> CommitAsync(JournalBatch batch) => CommitAsync(batch, base.CommitAsync, "");

    /// <inheritdoc/>
    public override Task<long> CommitHereAsync(JournalBatch batch) => CommitAsync(batch, base.CommitHereAsync, " here");

    private Task<long> CommitAsync(JournalBatch batch, Func<JournalBatch, Task<long>> commit, string how)
    {
        if (batch.IsEmpty)
        {
            return commit(batch); // it only waits for the ones before it
        }

        var write = Describe(batch) + how;
        return FinishAsync(trigger.Before(write), write, commit(batch)); // called at once: the order of calls is the order of commits
    }

    private async Task<long> FinishAsync(long number, string write, Task<long> commit)
    {
        var position = await commit.ConfigureAwait(false);
        trigger.After(number, write);
        return position;
    }

    // What a batch writes, in words ("here" where the thread that decided it writes it): facts, records, snapshots, cursors by name, documents by collection (of "meta" also the key).
    private static string Describe(JournalBatch batch)
    {
        var parts = new SortedSet<string>(StringComparer.Ordinal);
        parts.UnionWith(batch.Facts.Select(_ => "fact"));
        parts.UnionWith(batch.Records.Select(_ => "record"));
        parts.UnionWith(batch.Snapshots.Select(_ => "snapshot"));
        parts.UnionWith(batch.Balances.Select(_ => "balance"));
        parts.UnionWith(batch.Cursors.Select(cursor => "cursor:" + cursor.Name));
        parts.UnionWith(batch.Documents.Select(document => document.Collection == "meta" ? "meta:" + System.Text.Encoding.ASCII.GetString(document.Key) : document.Collection));
        return string.Join(' ', parts);
    }
}
