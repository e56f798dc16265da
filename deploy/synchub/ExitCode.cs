namespace SyncHub.Cli;

/// <summary>What the program says to the shell.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>It ran, and the answer is no: the audit found something, the hub lost its disk.</summary>
    public const int Failed = 1;

    /// <summary>It was asked wrongly: options, files, permissions. Nothing was done.</summary>
    public const int Usage = 2;
}
