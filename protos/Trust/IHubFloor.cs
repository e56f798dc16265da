namespace SyncHub.Protos.Trust;

/// <summary>Since when certificates of hubs count: headquarters makes all that were given before void when a hub's key was, or may have been, stolen.</summary>
/// <remarks>It only rises. Every certificate that a hub is given afterwards carries it, signed by the authority like the rest, so whoever meets one of them knows it.</remarks>
public interface IHubFloor
{
    /// <summary>Certificates that were given before this, in milliseconds since 1970, are void; 0: none are.</summary>
    long VoidBeforeMs { get; }

    /// <summary>Keeps a later one; an earlier one changes nothing. Durable when it returns.</summary>
    /// <exception cref="IOException">It cannot be kept.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be kept.</exception>
    void Raise(long voidBeforeMs);
}
