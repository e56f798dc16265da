namespace SyncHub.Agent.Hosting;

/// <summary>The agent cannot start; the message names the way out, and the exit code tells scripts which kind of trouble it is.</summary>
public sealed class AgentStartException(string message, int exitCode, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Options that make no sense, or no identity yet.</summary>
    public const int BadOptions = 2;

    /// <summary>The database cannot be opened for writing.</summary>
    public const int NoStorage = 3;

    /// <summary>The hub could not be reached or refused.</summary>
    public const int NoHub = 4;

    /// <summary>For the process.</summary>
    public int ExitCode { get; } = exitCode;
}
