namespace SyncHub.Storage;

/// <summary>Batches that were decided one upon the other, before the ones ahead were durable: when one of them is not written, none after it is.</summary>
/// <remarks>Thread-safe. A broken chain stays broken: whoever decided on it must read the journal again, and begins another.</remarks>
public sealed class BatchChain
{
    private volatile Exception? _broken;

    /// <summary>Why no more of it is written; null while it holds.</summary>
    public JournalUnavailableException? Broken => _broken is { } cause
        ? new JournalUnavailableException(JournalFault.Closed, $"A batch that this one builds upon was not written: {cause.Message} Read the journal again before deciding.", cause)
        : null;

    /// <summary>For journals: one of its batches was not written.</summary>
    public void Break(Exception cause) => _broken ??= cause;
}
