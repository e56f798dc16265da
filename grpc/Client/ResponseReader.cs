using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>Reads the one message of a response. Used for one response after another.</summary>
internal sealed class ResponseReader<T>(Func<DeserializationContext, T> deserializer, int? maxBytes)
    where T : class
{
    private readonly ResponseBody _body = new();
    private readonly MessageReader<T> _messages = new(deserializer, maxBytes);

    /// <summary>The message, or null where the body is empty; read to the end of the body.</summary>
    /// <exception cref="RpcException">There are more, or the bytes are no message.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T?> ReadOnlyAsync(Stream body, string encoding, CancellationToken cancellationToken)
    {
        _body.Open(body);
        _messages.Open(_body, encoding);
        if (!await _messages.ReadAsync(cancellationToken))
        {
            return null;
        }

        var message = _messages.Current;
        return await _messages.ReadAsync(cancellationToken) ? throw Failures.Malformed("The server sent more than one response message.") : message;
    }

    /// <summary>Makes it ready for another response, after the end of this one.</summary>
    public void Close()
    {
        _messages.Close();
        _body.Close();
    }
}
