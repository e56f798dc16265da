namespace Grpc.Core;

/// <summary>The client's stream of requests.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Half-closes the call: no more requests will come; responses still may.</summary>
    /// <exception cref="RpcException">Messages could not be delivered, and the call has no status of its own yet.</exception>
    Task CompleteAsync();
}
