namespace SyncHub.Bench.Rows;

/// <summary>One scenario, measured beside its peer or limit in the same run.</summary>
internal interface IRow
{
    /// <summary>By which it is asked for.</summary>
    string Name { get; }

    /// <summary>Whether it runs on each engine that is asked for; if not, on the first one.</summary>
    bool IsPerEngine { get; }

    /// <summary>Measures.</summary>
    Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation);
}
