namespace SyncHub.Demo.Processes;

/// <summary>What hubs and agents run as: the same program always, or an older one first, whose place the newer one takes while the chain runs.</summary>
/// <param name="First">As what a process starts for the first time, and what makes identities and keys.</param>
/// <param name="Next">As what it starts when it has been stopped or killed.</param>
internal sealed record Programs(SynchubProgram First, SynchubProgram Next)
{
    /// <summary>Whether a newer program takes the place of an older one.</summary>
    public bool Differ => First != Next;

    /// <summary>The programs that the options name.</summary>
    /// <exception cref="DemoException">It cannot be found out which one runs now.</exception>
    public static Programs Find(DemoOptions options, string logFolder, Watchdog watchdog)
    {
        var next = SynchubProgram.Find(options.Program, logFolder, watchdog);
        return new Programs(options.OlderProgram is { } older ? SynchubProgram.Find(older, logFolder, watchdog) : next, next);
    }
}
