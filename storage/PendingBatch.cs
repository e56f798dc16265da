namespace SyncHub.Storage;

/// <summary>A batch on its way to the disk, and the promise to whoever waits for it.</summary>
/// <remarks>Belongs to whoever has the turn to write once it is queued.</remarks>
internal sealed class PendingBatch(JournalBatch batch)
{
    // Continuations run elsewhere: a caller's code on the writer thread would stop every other commit.
    private readonly TaskCompletionSource<long> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JournalBatch Batch { get; } = batch;

    /// <summary>Its rows as they will be written, where it is large enough to be a commit by itself; PostgreSQL's only.</summary>
    public Postgres.Group? Group { get; set; }

    public Task<long> Done => _done.Task;

    /// <summary>Why the batch will not be written; null while nothing speaks against it.</summary>
    public Exception? Failure
    {
        get;
        set
        {
            field = value;
            if (value is not null)
            {
                Batch.Chain?.Break(value);
            }
        }
    }

    /// <summary>Whether it builds on a batch that was not written, and so is not written either; notes that on it.</summary>
    public bool IsRefused()
    {
        if (Batch.Chain?.Broken is { } broken)
        {
            Failure = broken;
        }

        return Failure is not null;
    }

    /// <summary>Answers all batches of a commit, each with the position of its own newest record or of the one before it.</summary>
    /// <param name="group">In the order in which they were written.</param>
    /// <param name="newest">The journal's newest position.</param>
    public static void CompleteAll(List<PendingBatch> group, long newest)
    {
        var position = newest - group.Sum(static pending => pending.Written);
        foreach (var pending in group)
        {
            position += pending.Written;
            pending.Complete(position);
        }
    }

    private long Written => Failure is null ? Batch.Records.Count : 0;

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
