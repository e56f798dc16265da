using Grpc.Core;

namespace SyncHub.Grpc.Tests;

/// <summary>What the service tells a test about the server's side of a call.</summary>
public sealed class ServerEvents
{
    private int _written;
    private int _chats;

    /// <summary>Responses that the server's writer has taken.</summary>
    public int Written => Volatile.Read(ref _written);

    /// <summary>Handlers of Chat that run now.</summary>
    public int Chats => Volatile.Read(ref _chats);

    /// <summary>A waiting handler runs.</summary>
    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A waiting handler's token was cancelled.</summary>
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets a held handler go on.</summary>
    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The metadata of the last unary call.</summary>
    public Metadata? LastRequestHeaders { get; set; }

    public void CountChat(int change) => Interlocked.Add(ref _chats, change);

    public void CountWritten() => Interlocked.Increment(ref _written);
}
