using SyncHub.Hub.Grains;

namespace SyncHub.Hub.Tests;

/// <summary>What was put off, until a test runs it.</summary>
internal sealed class Later : Queue<Action>, ISchedule
{
    public void Run(Action action) => Enqueue(action);

    public void RunAfter(int delayMs, Action action) => Enqueue(action);

    /// <summary>Runs all of it, and what that puts off.</summary>
    public void RunAll()
    {
        while (TryDequeue(out var action))
        {
            action();
        }
    }
}
