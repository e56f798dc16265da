namespace SyncHub.Core.Members;

/// <summary>A message whose sender waits to hear that it was handled: by <see cref="Answer"/>, <see cref="Refused"/> or <see cref="CaughtUp"/>, or that its turn failed.</summary>
public interface IAsked
{
    /// <summary>Where the answer goes; the host of the grain knows its kinds.</summary>
    object? Reply { get; }
}
