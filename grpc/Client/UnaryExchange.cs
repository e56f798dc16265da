using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>What a unary call needs only while it is under way: the request, the reader of the response, the source of its end. Used by one call after another.</summary>
internal sealed class UnaryExchange<TResponse>(Uri address, Func<DeserializationContext, TResponse> deserializer, int? maxSendBytes, int? maxReceiveBytes)
    where TResponse : class
{
    /// <summary>The request with its headers, and room for a message.</summary>
    public UnaryRequest Request { get; } = new(address, maxSendBytes);

    /// <summary>Reads the only response.</summary>
    public ResponseReader<TResponse> Reader { get; } = new(deserializer, maxReceiveBytes);

    /// <summary>Of the token that ends the call.</summary>
    public CancellationTokenSource Source { get; } = new();

    /// <summary>Makes it as new; false where that cannot be done.</summary>
    public bool TryReset()
    {
        Reader.Close();
        return Request.TryReset() && Source.TryReset();
    }
}
