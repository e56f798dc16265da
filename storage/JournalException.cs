namespace SyncHub.Storage;

/// <summary>Why a journal could not do what it was asked; the message names the way out.</summary>
public abstract class JournalException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Something in the batch was not the next one of its stream or was there already: another writer exists, or history forked.</summary>
public sealed class JournalConflictException(string message) : JournalException(message);

/// <summary>Why nothing can be written or read at present.</summary>
public enum JournalFault { Unspecified = 0, DiskFull, ReadOnly, Corrupt, Locked, InputOutput, Closed, TooNew }

/// <summary>The journal cannot serve: the disk is full, the file is read-only or damaged, and so on.</summary>
public sealed class JournalUnavailableException(JournalFault fault, string message, Exception? inner = null) : JournalException(message, inner)
{
    /// <summary>The kind of trouble.</summary>
    public JournalFault Fault { get; } = fault;
}
