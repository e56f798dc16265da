namespace SyncHub.Hub.Grains;

/// <summary>Runs something later, or soon but not on the caller's thread.</summary>
/// <remarks>A hub that stops before forgets it: nothing that must happen may depend on it alone.</remarks>
internal interface ISchedule
{
    /// <summary>Runs <paramref name="action"/> soon, on another thread.</summary>
    void Run(Action action);

    /// <summary>Runs <paramref name="action"/> after a delay.</summary>
    void RunAfter(int delayMs, Action action);
}
