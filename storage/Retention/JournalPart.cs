namespace SyncHub.Storage.Retention;

/// <summary>A part of a journal that has left its database for a file of its own.</summary>
/// <param name="Number">Counts the parts from 0.</param>
/// <param name="First">The position of its first record.</param>
/// <param name="Last">That of its last one.</param>
/// <param name="File">The name of its file, without a folder.</param>
/// <param name="Sha256">Of that file; 32 bytes.</param>
public sealed record JournalPart(int Number, long First, long Last, string File, byte[] Sha256)
{
    /// <summary>How many records it holds: positions have no gaps.</summary>
    public long Records => Last - First + 1;
}
