using System.Runtime.InteropServices;

namespace Grpc.Core;

/// <summary>What the four call types share: how to ask the call behind them. A state object with static functions costs
/// no closure per call.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct AsyncCallState(
    Func<object, Task<Metadata>> responseHeaders,
    Func<object, Status> getStatus,
    Func<object, Metadata> getTrailers,
    Action<object> dispose,
    object state)
{
    public Task<Metadata> ResponseHeadersAsync => responseHeaders(state);

    public static AsyncCallState Of(Task<Metadata> responseHeaders, Func<Status> getStatus, Func<Metadata> getTrailers, Action dispose) =>
        new(_ => responseHeaders, _ => getStatus(), _ => getTrailers(), _ => dispose(), state: getStatus);

    public Status GetStatus() => getStatus(state);

    public Metadata GetTrailers() => getTrailers(state);

    public void Dispose() => dispose(state);
}
