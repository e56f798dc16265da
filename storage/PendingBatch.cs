namespace SyncHub.Storage;

/// <summary>A batch on its way to the disk, and the promise to whoever waits for it.</summary>
/// <remarks>Belongs to the writer thread once it is queued.</remarks>
internal sealed class PendingBatch(JournalBatch batch)
{
    // Continuations run elsewhere: a caller's code on the writer thread would stop every other commit.
    private readonly TaskCompletionSource<long> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JournalBatch Batch { get; } = batch;

    public Task<long> Done => _done.Task;

    /// <summary>Why the batch will not be written; null while nothing speaks against it.</summary>
    public Exception? Failure { get; set; }

    public void Complete(long position)
    {
        if (Failure is null)
        {
            _done.SetResult(position);
        }
        else
        {
            _done.SetException(Failure);
        }
    }
}
