using Grpc.Core;
using Microsoft.Extensions.Logging;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>Gives a new agent its identity for a one-time code. The only door that needs no secret; wrong tries are limited.</summary>
/// <remarks>One object for the whole hub, because it counts the wrong tries.</remarks>
internal sealed class EnrolmentService(HubParts parts) : Enrolment.EnrolmentBase
{
    private const int WrongTriesPerMinute = 10;
    private readonly Lock _gate = new();
    private long _minute;
    private int _wrongTries;

    /// <inheritdoc/>
    public override async Task<EnrolResponse> Enrol(EnrolRequest request, ServerCallContext context)
    {
        DemandPatience();
        if (parts.Stores.Enrol(request.Code) is not { } enrolled)
        {
            CountWrongTry();
            parts.Log.LogWarning("An enrolment was refused: wrong, used or old code");
            throw new RpcException(new Status(StatusCode.PermissionDenied, "This code is wrong, used or too old. Ask HQ for a new one."));
        }

        // The identity must be on the disk before it is given away.
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parts.Pipeline.Submit(new Storage.JournalBatch(), null, () => durable.TrySetResult());
        await durable.Task.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        parts.Links.Find(enrolled.Store.Id)?.Cut();
        parts.Log.LogInformation("Store {Store} was enrolled as incarnation {Incarnation}", enrolled.Store.Id, enrolled.Store.Incarnation);
        return new EnrolResponse
        {
            Store = enrolled.Store.Id.Value,
            StoreName = enrolled.Store.Name,
            Incarnation = enrolled.Store.Incarnation.Value,
            Secret = enrolled.Secret,
        };
    }

    private void DemandPatience()
    {
        lock (_gate)
        {
            var minute = parts.Time.GetUtcNow().ToUnixTimeSeconds() / 60;
            if (minute != _minute)
            {
                (_minute, _wrongTries) = (minute, 0);
            }

            if (_wrongTries >= WrongTriesPerMinute)
            {
                throw new RpcException(new Status(StatusCode.ResourceExhausted, "Too many wrong codes. Try again in a minute."));
            }
        }
    }

    private void CountWrongTry()
    {
        lock (_gate)
        {
            _wrongTries++;
        }
    }
}
