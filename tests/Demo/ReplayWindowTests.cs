using SyncHub.Demo.Replay;

namespace SyncHub.Demo.Tests;

public sealed class ReplayWindowTests
{
    private static readonly CancellationToken Never = CancellationToken.None;

    [Fact]
    public async Task Only_so_many_visits_are_in_flight()
    {
        using var window = new ReplayWindow(waiting: 10, inFlight: 1, perStore: 1, stores: 2);
        await window.BeginAsync(Never);
        var first = window.PlaceAt(0);
        await first.EnterAsync(Task.CompletedTask, Never);
        var second = window.BeginAsync(Never);
        Assert.False(second.IsCompleted);
        first.Dispose();
        await second;
    }

    [Fact]
    public async Task A_visit_that_waits_for_a_dead_till_lets_others_pass()
    {
        using var window = new ReplayWindow(waiting: 10, inFlight: 1, perStore: 1, stores: 2);
        var till = new TaskCompletionSource();
        await window.BeginAsync(Never);
        using var stuck = window.PlaceAt(0);
        await stuck.EnterAsync(Task.CompletedTask, Never);
        var back = stuck.EnterAsync(till.Task, Never);

        await window.BeginAsync(Never);
        var other = window.PlaceAt(0);
        await other.EnterAsync(Task.CompletedTask, Never);
        till.SetResult();
        Assert.False(back.IsCompleted); // the till is back, the place is not
        other.Dispose();
        await back;
    }

    [Fact]
    public async Task Visits_of_one_member_do_not_lock_out_the_one_they_wait_for()
    {
        // The first visit gave up its place; all others wait for it. If they kept theirs, it could never come back.
        using var window = new ReplayWindow(waiting: 10, inFlight: 2, perStore: 2, stores: 1);
        var till = new TaskCompletionSource();
        var before = Task.CompletedTask;
        for (var visit = 0; visit < 6; visit++)
        {
            await window.BeginAsync(Never);
            before = VisitAsync(window.PlaceAt(0), before, visit == 0 ? till.Task : Task.CompletedTask);
        }

        Assert.False(before.IsCompleted);
        till.SetResult();
        await before.WaitAsync(TimeSpan.FromMinutes(2)); // only so that a bug ends
    }

    [Fact]
    public async Task Waiting_visits_are_bounded_too()
    {
        using var window = new ReplayWindow(waiting: 2, inFlight: 5, perStore: 5, stores: 1);
        await window.BeginAsync(Never);
        await window.BeginAsync(Never);
        var third = window.BeginAsync(Never);
        Assert.False(third.IsCompleted);
        window.PlaceAt(0).Dispose();
        await third;
    }

    private static async Task VisitAsync(ReplayWindow.Place place, Task before, Task till)
    {
        using (place)
        {
            await place.EnterAsync(before, Never);
            await place.EnterAsync(till, Never);
        }
    }
}
