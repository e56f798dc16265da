namespace SyncHub.Demo.Views;

/// <summary>Shows how the replay goes.</summary>
internal interface IProgressView
{
    /// <summary>Shows what <paramref name="look"/> sees until <paramref name="end"/> completes.</summary>
    Task ShowAsync(Func<Glance> look, Task end);
}

/// <summary>The replay at one moment.</summary>
internal sealed record Glance(int RowsDone, int Rows, int OpsPerSecond, int SalesOffline, IReadOnlyList<Chain.StoreGlance> Stores, bool IsHubUp)
{
    /// <summary>Rows done, of a hundred.</summary>
    public int Percent => (int)(100L * RowsDone / Math.Max(1, Rows));

    /// <summary>Ops that all stores have yet to tell the hub.</summary>
    public long Backlog => Stores.Sum(store => store.Backlog);

    /// <summary>Stores that reach the hub.</summary>
    public int Online => Stores.Count(store => store.IsOnline);
}
