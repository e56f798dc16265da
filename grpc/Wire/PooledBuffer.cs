using System.Buffers;

namespace Grpc.Wire;

/// <summary>A growing byte buffer on pooled memory. It can be cut back, so that a message which fails half way leaves nothing
/// behind. Owned by one writer; not safe for concurrent use.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    // Smaller arrays cost more in regrowth than they save: one small message with its header fits.
    private const int SmallestArray = 512;

    private byte[] _array = [];

    public int Length { get; private set; }

    /// <summary>How much memory it holds.</summary>
    public int Capacity => _array.Length;

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, Length);

    public Span<byte> Slice(int start, int length) => _array.AsSpan(0, Length).Slice(start, length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - Length);
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsSpan(Length);
    }

    /// <summary>Forgets everything from this position on.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length);
        Length = length;
    }

    /// <summary>Empties the buffer and gives its memory back; it can be written again. An idle stream so holds no memory.</summary>
    public void Release()
    {
        var array = _array;
        _array = [];
        Length = 0;
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    public void Dispose() => Release();

    private void Reserve(int sizeHint)
    {
        var wanted = Math.Max(sizeHint, 1);
        if (_array.Length - Length >= wanted)
        {
            return;
        }

        // Doubling in 64 bits: 2 GiB is the end of what one array holds, and must fail instead of wrapping around.
        var size = Math.Max(SmallestArray, Math.Max((long)Length + wanted, Math.Min(2L * _array.Length, Array.MaxLength)));
        var larger = ArrayPool<byte>.Shared.Rent(checked((int)size));
        _array.AsSpan(0, Length).CopyTo(larger);
        var old = _array;
        _array = larger;
        if (old.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(old);
        }
    }
}
