namespace SyncHub.Faults.Tests;

/// <summary>How a line carries.</summary>
internal enum LineState
{
    /// <summary>Whole.</summary>
    Whole,

    /// <summary>Everything arrives, late.</summary>
    Slow,

    /// <summary>Connections are reset, old ones and new ones.</summary>
    Cut,

    /// <summary>Connections stay open and new ones are taken; what is sent is swallowed.</summary>
    Silent,
}
