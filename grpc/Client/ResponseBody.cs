using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Grpc.Net.Client;

/// <summary>Reads the body of one response after another into one array. For calls with one response message.</summary>
/// <remarks>Not a pipe for everybody: each read waits for more bytes, and nothing but the array's end limits how much it gathers. One reader at a time.</remarks>
internal sealed class ResponseBody : PipeReader
{
    private const int SmallestBytes = 1024;
    private const int LargestKeptBytes = 16 * 1024;

    private Stream _stream = Stream.Null;
    private byte[] _array = [];
    private int _start;
    private int _end;

    /// <summary>Begins with a body.</summary>
    public void Open(Stream stream) => _stream = stream;

    /// <summary>Forgets the body. Only after its end, or when nobody reads from it any more.</summary>
    public void Close()
    {
        _stream = Stream.Null;
        (_start, _end) = (0, 0);
        if (_array.Length > LargestKeptBytes)
        {
            Complete();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        Reserve();
        var read = await _stream.ReadAsync(_array.AsMemory(_end), cancellationToken);
        _end += read;
        return new ReadResult(new ReadOnlySequence<byte>(_array, _start, _end - _start), isCanceled: false, isCompleted: read == 0);
    }

    public override void AdvanceTo(SequencePosition consumed) => _start = consumed.GetInteger();

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

    public override void Complete(Exception? exception = null)
    {
        var array = _array;
        _array = [];
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    public override bool TryRead(out ReadResult result) => throw new NotSupportedException("Each read of a response's body waits.");

    public override void CancelPendingRead() => throw new NotSupportedException("A read is cancelled by its token.");

    // Doubling in 64 bits: 2 GiB is the end of what one array holds, and must fail instead of wrapping around.
    private void Reserve()
    {
        if (_array.Length - _end >= SmallestBytes / 2)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(checked((int)Math.Max(SmallestBytes, Math.Min(2L * (_end - _start) + SmallestBytes, Array.MaxLength))));
        _array.AsSpan(_start, _end - _start).CopyTo(larger);
        (_start, _end) = (0, _end - _start);
        Complete();
        _array = larger;
    }
}
