using System.Buffers.Binary;

namespace SyncHub.Interop;

/// <summary>Passes a body through and notes the flag of each message in it: whether it is compressed is part of some cases, and no
/// public API tells.</summary>
internal sealed class FrameFlags(Stream body) : Stream
{
    private const int HeaderBytes = 5;

    private readonly byte[] _header = new byte[HeaderBytes];
    private readonly List<bool> _isCompressed = [];
    private readonly Lock _gate = new();
    private int _headerLength;
    private uint _payloadLeft;

    /// <summary>Whether each message so far was compressed, in order.</summary>
    public IReadOnlyList<bool> IsCompressed
    {
        get
        {
            lock (_gate)
            {
                return [.. _isCompressed];
            }
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        Note(buffer.Span[..read]);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = body.Read(buffer, offset, count);
        Note(buffer.AsSpan(offset, read));
        return read;
    }

    public override void Flush()
    {
        // Nothing is written here.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Note(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            while (!bytes.IsEmpty)
            {
                if (_payloadLeft > 0)
                {
                    var skipped = (int)Math.Min(_payloadLeft, (uint)bytes.Length);
                    _payloadLeft -= (uint)skipped;
                    bytes = bytes[skipped..];
                    continue;
                }

                _header[_headerLength++] = bytes[0];
                bytes = bytes[1..];
                if (_headerLength == HeaderBytes)
                {
                    _headerLength = 0;
                    _isCompressed.Add(_header[0] == 1);
                    _payloadLeft = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(1));
                }
            }
        }
    }
}
