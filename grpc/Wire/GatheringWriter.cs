using System.Diagnostics;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>The outgoing half of a stream: takes messages into a buffer and sends the buffer on another thread, so that whatever
/// is written while one send is under way, or waits to start, leaves in the next one. A stream that was quiet sends at once, on the writer's thread.</summary>
/// <remarks>Sending each message on its own is by far the largest cost of a stream. No message is held back on purpose
/// (<see cref="WriteFlags.BufferHint"/> apart): a send is due as soon as one message is there. Memory is bounded by the message
/// that crosses <see cref="FullBytes"/>, once in the buffer being filled and once in the one being sent; beyond that the writer waits.
/// Crash rule: after a failed send every write fails in the same way.</remarks>
internal sealed class GatheringWriter(MessageEncoder encoder, Func<ReadOnlyMemory<byte>, ValueTask> send) : IThreadPoolWorkItem
{
    /// <summary>Two HTTP/2 data frames of the default size; larger gathers no longer save anything measurable.</summary>
    public const int FullBytes = 32 * 1024;

    // A stream that has sent nothing for so long is no busy one: there is nothing to gather, and somebody may wait for this message.
    private static readonly long QuietTicks = Stopwatch.Frequency / 2000;

    private readonly Lock _gate = new();
    private PooledBuffer _filling = new();
    private PooledBuffer _sending = new();
    private bool _isSending;
    private long _sentAt;
    private Exception? _failure;
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _drained;

    /// <summary>Takes a message. The task ends at once, or when there is room again.</summary>
    /// <exception cref="InvalidOperationException">The last write has not ended.</exception>
    public Task WriteAsync<T>(T message, Action<T, SerializationContext> serializer, WriteFlags flags)
    {
        var sendsHere = false;
        Task written;
        lock (_gate)
        {
            if (_room is not null)
            {
                throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
            }

            if (_failure is not null)
            {
                return Task.FromException(_failure);
            }

            encoder.Encode(_filling, message, serializer, mayCompress: (flags & WriteFlags.NoCompress) == WriteFlags.None);
            var isFull = _filling.Length >= FullBytes;
            if (isFull || (flags & WriteFlags.BufferHint) == WriteFlags.None)
            {
                sendsHere = StartSending(mayBeHere: !isFull);
            }

            _room = isFull ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
            written = _room?.Task ?? Task.CompletedTask;
        }

        if (sendsHere)
        {
            _ = SendWaitingAsync();
        }

        return written;
    }

    /// <summary>Sends what is left and ends when no send is under way; the task fails if a send did.</summary>
    public Task DrainAsync()
    {
        lock (_gate)
        {
            if (_failure is null && _filling.Length > 0)
            {
                StartSending(mayBeHere: false);
            }

            if (_isSending)
            {
                _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _drained.Task;
            }

            return _failure is null ? Task.CompletedTask : Task.FromException(_failure);
        }
    }

    /// <summary>Ends the stream with a failure: a waiting write fails now, and so does every later one. A send under way must be
    /// ended by its transport.</summary>
    public void Fail(Exception failure)
    {
        lock (_gate)
        {
            _failure ??= failure;
            _room?.TrySetException(_failure);
            _room = null;
            if (!_isSending)
            {
                End();
            }
        }
    }

    /// <summary>The thread pool's entry; the loop reports every failure through <see cref="Fail"/>.</summary>
    void IThreadPoolWorkItem.Execute() => _ = SendWaitingAsync();

    // Under the lock. True where the caller has to send, once it has left the lock.
    private bool StartSending(bool mayBeHere)
    {
        if (_isSending)
        {
            return false;
        }

        _isSending = true;
        var now = Stopwatch.GetTimestamp();
        var wasQuiet = now - _sentAt > QuietTicks;
        _sentAt = now;
        if (wasQuiet && mayBeHere)
        {
            return true;
        }

        // The hop to another thread is what lets a busy writer gather: it goes on while the send waits its turn.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        return false;
    }

    private async Task SendWaitingAsync()
    {
        while (TakeWaiting())
        {
            try
            {
                await send(_sending.Written);
            }
            catch (Exception exception)
            {
                Fail(exception);
            }
        }
    }

    private bool TakeWaiting()
    {
        lock (_gate)
        {
            _sending.Release();
            if (_failure is not null || _filling.Length == 0)
            {
                _isSending = false;
                End();
                return false;
            }

            (_filling, _sending) = (_sending, _filling);
            _room?.TrySetResult();
            _room = null;
            return true;
        }
    }

    private void End()
    {
        if (_failure is not null)
        {
            _filling.Release();
            _drained?.TrySetException(_failure);
        }
        else
        {
            _drained?.TrySetResult();
        }

        _drained = null;
    }
}
