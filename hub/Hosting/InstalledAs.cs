using System.Globalization;
using System.Text;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Hub;

/// <summary>What is fixed when a hub is installed, because it says where members are looked for: the number of partitions, and the cell.</summary>
internal static class InstalledAs
{
    private const string Collection = "meta";
    private static readonly byte[] PartitionsKey = "partitions"u8.ToArray();
    private static readonly byte[] CellKey = "cell"u8.ToArray();
    private static readonly byte[] ExposureKindsKey = "exposure-kinds"u8.ToArray();

    /// <summary>Writes it at the first start, and compares at each later one.</summary>
    /// <exception cref="ArgumentException">The hub was installed with other options.</exception>
    public static async Task FixAsync(IJournal journal, HubOptions options)
    {
        if (journal.ReadDocument(Collection, PartitionsKey) is { } found)
        {
            var partitions = int.Parse(Encoding.ASCII.GetString(found), CultureInfo.InvariantCulture);
            if (partitions != options.Partitions)
            {
                throw new ArgumentException($"--partitions: this hub was installed with {partitions}; it cannot run with {options.Partitions}.", nameof(options));
            }

            var cell = CellOf(journal);
            if (cell != options.Cell)
            {
                throw new ArgumentException($"--cell: this hub was installed as cell {cell}; it cannot run as cell {options.Cell}. A chain keeps the number of its cells.", nameof(options));
            }

            return;
        }

        var batch = new JournalBatch();
        batch.Documents.Add(new DocumentWrite(Collection, PartitionsKey, Encoding.ASCII.GetBytes(options.Partitions.ToString(CultureInfo.InvariantCulture))));
        batch.Documents.Add(new DocumentWrite(Collection, ExposureKindsKey, [3])); // credit and advances are counted from the first record on
        if (options.Cell.IsShared)
        {
            batch.Documents.Add(new DocumentWrite(Collection, CellKey, Encoding.ASCII.GetBytes(options.Cell.ToString())));
        }

        await journal.CommitAsync(batch).ConfigureAwait(false);
    }

    // Installations of before cells have no such document, and neither has a chain of one.
    private static Cell CellOf(IJournal journal) => journal.ReadDocument(Collection, CellKey) is { } bytes && Cell.TryParse(Encoding.ASCII.GetString(bytes), out var cell) ? cell : Cell.Only;
}
