using Grpc.Core;

namespace SyncHub.Grpc.Tests;

/// <summary>What the service tells a test about the server's side of a call.</summary>
public sealed class ServerEvents
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _noChats = NewSource();
    private int _written;
    private int _chats;

    /// <summary>A server on which nobody has called.</summary>
    public ServerEvents() => _noChats.SetResult();

    /// <summary>Responses that the server's writer has taken.</summary>
    public int Written => Volatile.Read(ref _written);

    /// <summary>Done when no handler of Chat runs.</summary>
    public Task NoChats
    {
        get
        {
            lock (_gate)
            {
                return _noChats.Task;
            }
        }
    }

    /// <summary>A waiting handler runs.</summary>
    public TaskCompletionSource Started { get; } = NewSource();

    /// <summary>A waiting handler's token was cancelled.</summary>
    public TaskCompletionSource Cancelled { get; } = NewSource();

    /// <summary>Lets a held handler go on.</summary>
    public TaskCompletionSource Release { get; } = NewSource();

    /// <summary>The metadata of the last unary call.</summary>
    public Metadata? LastRequestHeaders { get; set; }

    public void CountChat(int change)
    {
        lock (_gate)
        {
            _chats += change;
            if (_chats == 0)
            {
                _noChats.TrySetResult();
            }
            else if (_noChats.Task.IsCompleted)
            {
                _noChats = NewSource();
            }
        }
    }

    public void CountWritten() => Interlocked.Increment(ref _written);

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
