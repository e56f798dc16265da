using SyncHub.Core.Protocol;

namespace SyncHub.Agent.Sync;

/// <summary>Signs what this machine hands in.</summary>
/// <remarks>One caller at a time; the session's shell locks.</remarks>
public interface ILogSigner
{
    /// <summary>The signature over the end of a log: ECDSA P-256, r and s of 32 bytes each.</summary>
    byte[] Sign(LogHead head);
}
