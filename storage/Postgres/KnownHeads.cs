namespace SyncHub.Storage.Postgres;

/// <summary>Streams whose newest record this process knows to lie in the newest part, because it wrote it there: a commit need not look for them.</summary>
/// <remarks>
/// Why that is enough: a record after that one was written after it, so at a higher position, so in the same part, which is the newest; and there the part's own key (stream, version)
/// refuses a second record of that version. It holds for a commit that lies in that part whole (<see cref="Parts.Within"/>), and for no other.
/// Nothing here outlives a commit that failed, or whose outcome had to be read. Thread rule: one call at a time, by <see cref="CommitLoop"/>.
/// </remarks>
internal sealed class KnownHeads
{
    private const int Most = 1 << 17; // streams, 64 bytes each

    private readonly Dictionary<StreamId, long> _newest = [];
    private (long First, long Last) _part = (0, -1);

    /// <summary>Whether a stream's newest version is known, and is this one.</summary>
    public bool Has(StreamId stream, long version) => _newest.TryGetValue(stream, out var newest) && newest == version;

    /// <summary>What is known is of this part; of another one nothing is.</summary>
    public void BeIn((long First, long Last) part)
    {
        if (part != _part)
        {
            Forget();
            _part = part;
        }
    }

    /// <summary>A group is committed, and <paramref name="position"/> is that of its last record.</summary>
    public void Learn(Group group, long position)
    {
        if (position - group.Records.Count + 1 < _part.First || position > _part.Last)
        {
            Forget();
            return;
        }
        if (_newest.Count + group.Streams > Most)
        {
            Forget();
        }
        foreach (var (stream, last) in group.Tips)
        {
            _newest[stream] = last;
        }
    }

    /// <summary>Nothing is known any more.</summary>
    public void Forget() => _newest.Clear();
}
