using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Reads messages from a body, wherever its data frames begin and end. One reader at a time.</summary>
/// <remarks>What one read of the transport brought is kept until its last whole message was taken, so a burst of small
/// messages costs one read. Made for one body, or rented and returned by calls that have one message.</remarks>
internal sealed class MessageReader<T>(Func<DeserializationContext, T> deserializer, int? maxBytes)
    where T : class
{
    private readonly MessageDecoder<T> _decoder = new(deserializer, maxBytes);
    private PipeReader _body = Nothing;
    private string _encoding = Encodings.Identity;
    private ReadOnlySequence<byte> _unread;
    private bool _isHolding;
    private bool _isLast;

    /// <summary>A reader of one body.</summary>
    public MessageReader(PipeReader body, Func<DeserializationContext, T> deserializer, int? maxBytes, string encoding)
        : this(deserializer, maxBytes) => Open(body, encoding);

    private static PipeReader Nothing { get; } = PipeReader.Create(ReadOnlySequence<byte>.Empty);

    /// <summary>The message that the last successful read found.</summary>
    public T? Current { get; private set; }

    /// <summary>Begins with a body.</summary>
    public void Open(PipeReader body, string encoding) => (_body, _encoding) = (body, encoding);

    /// <summary>Lets go of a body that was read to its end, so that another one can be opened.</summary>
    /// <exception cref="IOException">Of a request: its client has reset it meanwhile.</exception>
    public void Close()
    {
        GiveBack();
        Current = null;
        _isLast = false;
        Open(Nothing, Encodings.Identity);
    }

    /// <summary>Reads the next message; false at the end of the body.</summary>
    /// <exception cref="RpcException">INTERNAL for broken framing, RESOURCE_EXHAUSTED for a message over the limit.</exception>
    public ValueTask<bool> ReadAsync(CancellationToken cancellationToken) =>
        TryTake() ? ValueTask.FromResult(true) : WaitAsync(cancellationToken);

    /// <summary>Takes a message that has arrived already; false if none has, or not the whole of it.</summary>
    public bool TryRead() => TryTake();

    /// <summary>Gives the memory back after the end of the body.</summary>
    public void Complete()
    {
        GiveBack();
        _body.Complete();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        Current = null;
        while (!_isLast)
        {
            GiveBack();
            var result = await _body.ReadAsync(cancellationToken);
            _unread = result.Buffer;
            _isHolding = true;
            _isLast = result.IsCompleted;
            if (result.IsCanceled)
            {
                throw new OperationCanceledException("The read was cancelled.");
            }

            if (TryTake())
            {
                return true;
            }
        }

        return _unread.IsEmpty ? false : throw Failures.Malformed("The stream ended in the middle of a message.");
    }

    private void GiveBack()
    {
        if (_isHolding)
        {
            _isHolding = false;
            var (consumed, examined) = (_unread.Start, _unread.End);
            _unread = default;
            _body.AdvanceTo(consumed, examined);
        }
    }

    private bool TryTake()
    {
        if (!_decoder.TryTake(ref _unread, _encoding, out var message))
        {
            return false;
        }

        Current = message;
        return true;
    }
}
