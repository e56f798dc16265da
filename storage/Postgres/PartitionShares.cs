namespace SyncHub.Storage.Postgres;

/// <summary>Which partitions each writer takes and gives, so that all have equal shares and as few as can be move.</summary>
/// <remarks>
/// Pure: the same writers and owners give the same answer, so every writer that sees them agrees without asking. <see cref="PartitionLeases"/> runs it
/// over the database, `make scale` over thousands of partitions on virtual time.
/// The first writers by name have the remainder.
/// </remarks>
public sealed class PartitionShares
{
    private readonly int _partitions;
    private readonly string[] _writers;

    /// <summary>Shares of <paramref name="partitions"/> partitions among the <paramref name="writers"/> that live.</summary>
    public PartitionShares(int partitions, IReadOnlyList<string> writers)
    {
        ArgumentNullException.ThrowIfNull(writers);
        _partitions = partitions;
        _writers = [.. writers.Order(StringComparer.Ordinal)];
    }

    /// <summary>How many partitions are a writer's share; 0 for one that does not live.</summary>
    public int ShareOf(string writer)
    {
        var place = Array.IndexOf(_writers, writer);
        return place < 0 ? 0 : (_partitions / _writers.Length) + (place < _partitions % _writers.Length ? 1 : 0);
    }

    /// <summary>What a writer takes of what nobody owns, up to its share: the others find theirs in their own rounds.</summary>
    public IReadOnlyList<int> ClaimsOf(string writer, IReadOnlyDictionary<int, PartitionOwner> owners)
    {
        ArgumentNullException.ThrowIfNull(owners);
        var room = ShareOf(writer) - owners.Values.Count(owner => owner.Writer == writer);
        return [.. Enumerable.Range(0, _partitions).Where(partition => !owners.ContainsKey(partition)).Take(Math.Max(0, room))];
    }

    /// <summary>What a writer owns above its share, for those that are below theirs.</summary>
    /// <remarks>All surpluses are matched with all gaps, in order of names, and each writer gives its own part: two that give at once never fill the same gap.</remarks>
    public IReadOnlyList<PartitionHandover> SurplusOf(string writer, IReadOnlyDictionary<int, PartitionOwner> owners)
    {
        ArgumentNullException.ThrowIfNull(owners);
        var counts = owners.Values.CountBy(owner => owner.Writer).ToDictionary(StringComparer.Ordinal);
        int Above(string other) => counts.GetValueOrDefault(other) - ShareOf(other);
        var passed = _writers.TakeWhile(other => string.CompareOrdinal(other, writer) < 0).Sum(other => Math.Max(0, Above(other)));
        var given = _writers.SelectMany(other => Enumerable.Repeat(other, Math.Max(0, -Above(other)))).Skip(passed).Take(Math.Max(0, Above(writer)));
        return [.. owners.Where(owner => owner.Value.Writer == writer).Select(owner => owner.Key).OrderDescending().Zip(given, static (partition, to) => new PartitionHandover(partition, to))];
    }
}
