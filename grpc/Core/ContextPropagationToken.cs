namespace Grpc.Core;

/// <summary>Ties a client call to the server call on whose behalf it is made. Made by <see cref="ServerCallContext.CreatePropagationToken"/>.</summary>
public sealed class ContextPropagationToken
{
    internal ContextPropagationToken(DateTime deadline, CancellationToken cancellationToken, ContextPropagationOptions options)
    {
        ParentDeadline = options.IsPropagateDeadline ? deadline : DateTime.MaxValue;
        ParentCancellationToken = options.IsPropagateCancellation ? cancellationToken : CancellationToken.None;
    }

    internal DateTime ParentDeadline { get; }

    internal CancellationToken ParentCancellationToken { get; }
}
