using Microsoft.Data.Sqlite;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Retention;

/// <summary>A part that has left, read from its file.</summary>
/// <remarks>Thread-safe. The file never changes, so what was read once about it stays true.</remarks>
internal sealed class PartFile : IDisposable
{
    private static readonly SqliteJournalOptions Settings = new() { Readers = 2 };

    private readonly ReaderPool _readers;
    private readonly Lazy<Dictionary<ProducerId, (long Low, long High)>> _producers;

    /// <exception cref="JournalUnavailableException">There is no such file, or it is not that part.</exception>
    public PartFile(string folder, JournalPart part)
    {
        (Part, Path) = (part, System.IO.Path.Combine(folder, part.File));
        if (!File.Exists(Path))
        {
            throw new JournalUnavailableException(JournalFault.InputOutput,
                $"{Path}: part {part.Number} of the journal (records {part.First} to {part.Last}) has left the database for this file, and it is not there. Give its folder with --parts, or bring the file back from a backup of that folder.");
        }
        _readers = new ReaderPool(Path, Settings);
        _producers = new(() => Read(static reader => reader.Producers()).ToDictionary(row => row.Producer, row => (row.Low, row.High)));
        try
        {
            if (Read(static reader => reader.Ends()) != (part.First, part.Last))
            {
                throw new JournalUnavailableException(JournalFault.Corrupt, $"{Path}: it is not part {part.Number} of this journal (records {part.First} to {part.Last}). Bring the right file back from a backup of its folder.");
            }
        }
        catch
        {
            _readers.Dispose();
            throw;
        }
    }

    /// <summary>What it is.</summary>
    public JournalPart Part { get; }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Asks the file.</summary>
    public T Read<T>(Func<JournalReader, T> read) => _readers.Read(read);

    /// <summary>The first and the last fact of a producer in it; nothing in between is promised. Null for none.</summary>
    public (long Low, long High)? RangeOf(ProducerId producer) => _producers.Value.TryGetValue(producer, out var range) ? range : null;

    /// <inheritdoc/>
    public void Dispose() => _readers.Dispose();
}
