namespace SyncHub.Demo.Views;

/// <summary>A line every two seconds, for logs and pipes.</summary>
internal sealed class PlainView(TextWriter output) : IProgressView
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    public async Task ShowAsync(Func<Glance> look, Task end)
    {
        do
        {
            await Task.WhenAny(end, Task.Delay(Pause));
            var now = look();
            await output.WriteLineAsync($"  {now.Percent,3} %  {now.RowsDone:N0} of {now.Rows:N0} receipts, {now.Online} of {now.Stores.Count} stores online{(now.IsHubUp ? "" : ", hub down")}, backlog {now.Backlog:N0} ops, {now.OpsPerSecond:N0} ops/s");
        }
        while (!end.IsCompleted);
    }
}
