namespace Grpc.Core;

/// <summary>What a call made from within a handler inherits.</summary>
public sealed class ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
{
    /// <summary>Everything is inherited.</summary>
    public static readonly ContextPropagationOptions Default = new();

    /// <summary>Whether the call may not outlive the handler's deadline.</summary>
    public bool IsPropagateDeadline { get; } = propagateDeadline;

    /// <summary>Whether the call is cancelled with the handler's.</summary>
    public bool IsPropagateCancellation { get; } = propagateCancellation;
}
