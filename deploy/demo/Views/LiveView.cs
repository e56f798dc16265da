using System.Globalization;
using Spectre.Console;
using SyncHub.Demo.Chain;

namespace SyncHub.Demo.Views;

/// <summary>A table that changes in place, for a terminal.</summary>
internal sealed class LiveView(IAnsiConsole console) : IProgressView
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public Task ShowAsync(Func<Glance> look, Task end) => console.Live(Draw(look())).StartAsync(async live =>
    {
        while (!end.IsCompleted)
        {
            await Task.WhenAny(end, Task.Delay(Pause));
            live.UpdateTarget(Draw(look()));
        }
    });

    private static Table Draw(Glance now)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("store").AddColumn("network").AddColumn(new TableColumn("to tell the hub").RightAligned());
        table.Title = new TableTitle($"{now.Percent} %  {now.RowsDone:N0} of {now.Rows:N0} receipts  {now.OpsPerSecond:N0} ops/s");
        foreach (var (index, store) in now.Stores.Index())
        {
            table.AddRow($"Branch {index + 1}", StateOf(store), store.Backlog.ToString("N0", CultureInfo.InvariantCulture));
        }

        table.Caption = new TableTitle($"hub {(now.IsHubUp ? "up" : "DOWN")}, {now.SalesOffline:N0} sales without network so far");
        return table;
    }

    private static string StateOf(StoreGlance store) => store switch
    {
        { IsUp: false } => "[red]agent down[/]",
        { IsOnline: false } => "[yellow]offline, selling on[/]",
        _ => "[green]online[/]",
    };
}
