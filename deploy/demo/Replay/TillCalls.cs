using System.Diagnostics;
using Grpc.Core;
using SyncHub.Demo.Chain;
using SyncHub.V1;

namespace SyncHub.Demo.Replay;

/// <summary>A till's calls of one visit: asked again, with the same request id, until the agent answers.</summary>
internal sealed class TillCalls(Store store, ReplayWindow.Place place, Tally tally, CancellationToken cancellation)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>Asks, and returns the answer with the time it took; no time where it took more than one try.</summary>
    /// <exception cref="DemoException">No answer came for too long, or one that no repetition can change.</exception>
    public async Task<(T Answer, TimeSpan? Took)> AskAsync<T>(Func<Till.TillClient, CallOptions, AsyncUnaryCall<T>> call)
    {
        var since = Stopwatch.GetTimestamp();
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            await place.EnterAsync(store.WhenUp, cancellation);
            var asked = Stopwatch.GetTimestamp();
            try
            {
                var answer = await call(store.Till, Store.Call(cancellation));
                return (answer, attempt == 1 ? Stopwatch.GetElapsedTime(asked) : null);
            }
            catch (RpcException error) when (!cancellation.IsCancellationRequested)
            {
                if (!MayChange(error.StatusCode) || Stopwatch.GetElapsedTime(since) > Patience)
                {
                    throw new DemoException($"The till of store {store.Index + 1} got no answer in {attempt} tries: {error.Status}. Look into its log.", error);
                }
            }

            tally.Retried();
            await Task.Delay(pause, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    // An agent that is killed, starting, busy or at odds with its disk may answer the next time; a call that it does not understand will not be understood then either.
    private static bool MayChange(StatusCode code) => code is not (StatusCode.InvalidArgument or StatusCode.Unimplemented or StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.NotFound or StatusCode.FailedPrecondition);
}
