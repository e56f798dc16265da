using SyncHub.Hub.Grains;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>Which thread does what a thread has set going.</summary>
public sealed class ErrandsTests
{
    [Fact]
    public async Task Outside_of_any_work_the_pool_runs_an_errand()
    {
        var errand = new Errand();
        Errands.Start(errand);
        Assert.False(await errand.Done);
        Assert.True(errand.WasOfPool);
    }

    [Fact]
    public void An_errand_alone_runs_on_the_thread_that_set_it_going_after_its_work()
    {
        var errand = new Errand();
        Errands.After(errand, errand =>
        {
            Errands.Start(errand);
            Assert.False(errand.Done.IsCompleted); // the work may hold a lock that it needs
            return 0;
        });
        Assert.True(errand.Done.IsCompleted);
        Assert.False(errand.WasOfPool);
    }

    [Fact]
    public async Task Of_many_errands_the_thread_keeps_the_last_and_is_told_that_it_is_not_alone()
    {
        Errand[] errands = [new(), new(), new()];
        Errands.After(errands, errands =>
        {
            Array.ForEach(errands, Errands.Start);
            return 0;
        });
        Assert.False(errands[2].WasOfPool);
        foreach (var errand in errands)
        {
            Assert.False(await errand.Done);
        }

        Assert.True(errands[0].WasOfPool && errands[1].WasOfPool);
    }

    [Fact]
    public async Task What_work_that_fails_has_set_going_still_runs()
    {
        var errand = new Errand();
        Assert.Throws<InvalidOperationException>(() => Errands.After<Errand, int>(errand, errand =>
        {
            Errands.Start(errand);
            throw new InvalidOperationException("on purpose");
        }));
        Assert.False(await errand.Done);
        Errand next = new();
        Errands.After(next, next =>
        {
            Errands.Start(next);
            return 0;
        });
        Assert.False(next.WasOfPool); // and the thread can begin anew
    }

    [Fact]
    public void An_errand_that_an_errand_sets_going_runs_behind_it_on_the_same_thread()
    {
        var second = new Errand();
        var first = new Errand { Then = () => Errands.Start(second) };
        Errands.After(first, first =>
        {
            Errands.Start(first);
            return 0;
        });
        Assert.True(second.Done.IsCompleted);
        Assert.False(second.WasOfPool);
    }

    private sealed class Errand : IErrand
    {
        private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action? Then { get; init; }

        public bool WasOfPool { get; private set; }

        public Task<bool> Done => _done.Task;

        public void Run(bool isAlone)
        {
            Then?.Invoke();
            _done.SetResult(isAlone);
        }

        public void Execute()
        {
            WasOfPool = true;
            Run(isAlone: false);
        }
    }
}
