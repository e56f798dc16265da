using System.Buffers;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>Reads the one message of a response. Used for one response after another.</summary>
/// <remarks>It reads into one array of its own, without a pipe: each read would be three methods that can wait, where this one is enough.</remarks>
internal sealed class ResponseReader<T>(Func<DeserializationContext, T> deserializer, int? maxBytes)
    where T : class
{
    private const int SmallestBytes = 1024;
    private const int LargestKeptBytes = 16 * 1024;

    private readonly MessageDecoder<T> _decoder = new(deserializer, maxBytes);
    private byte[] _array = [];
    private int _start;
    private int _end;

    /// <summary>The message, or null where the body is empty; read to the end of the body.</summary>
    /// <exception cref="RpcException">There are more, or the bytes are no message.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T?> ReadOnlyAsync(Stream body, string encoding, CancellationToken cancellationToken)
    {
        T? only = null;
        while (true)
        {
            Reserve();
            var read = await body.ReadAsync(_array.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                return _start == _end ? only : throw Failures.Malformed("The stream ended in the middle of a message.");
            }

            _end += read;
            while (TryTake(encoding, out var message))
            {
                only = only is null ? message : throw Failures.Malformed("The server sent more than one response message.");
            }
        }
    }

    /// <summary>Makes it ready for another response, after the end of this one.</summary>
    public void Close()
    {
        (_start, _end) = (0, 0);
        if (_array.Length > LargestKeptBytes)
        {
            Release();
        }
    }

    /// <summary>Gives its memory back. Only when nobody reads into it any more.</summary>
    public void Release()
    {
        var array = _array;
        _array = [];
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private bool TryTake(string encoding, out T? message)
    {
        var unread = new ReadOnlySequence<byte>(_array, _start, _end - _start);
        var isTaken = _decoder.TryTake(ref unread, encoding, out message);
        _start = _end - (int)unread.Length;
        return isTaken;
    }

    // Doubling in 64 bits: 2 GiB is the end of what one array holds, and must fail instead of wrapping around.
    private void Reserve()
    {
        if (_array.Length - _end >= SmallestBytes / 2)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(checked((int)Math.Max(SmallestBytes, Math.Min((2L * (_end - _start)) + SmallestBytes, Array.MaxLength))));
        _array.AsSpan(_start, _end - _start).CopyTo(larger);
        (_start, _end) = (0, _end - _start);
        Release();
        _array = larger;
    }
}
