using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Members;
using SyncHub.Core.Rules;
using SyncHub.Hub.Grains;
using SyncHub.Storage;

namespace SyncHub.Hub.Sweeps;

/// <summary>Once a day, soon after midnight (UTC), every member is looked at, so that what is due is done for those too whom nobody visits: lots expire.</summary>
/// <remarks>
/// A page of members at a time, and the next one only after it is durable: stores come first. The day that was swept is kept in the journal,
/// so a hub that was down at midnight sweeps when it is back, and one that restarts at noon does not sweep again.
/// </remarks>
internal sealed class MemberSweep(HubParts parts, ILogger<MemberSweep> log) : IAsyncDisposable
{
    private const string Collection = "sweep";
    private static readonly byte[] DayKey = "day"u8.ToArray();
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Starts to watch the clock.</summary>
    public void Start() => _running = RunAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    /// <summary>Looks at every member that had an event before the call; one that has an event meanwhile is looked at by it.</summary>
    /// <returns>How many members were looked at.</returns>
    public async Task<long> RunOnceAsync(CancellationToken cancellation)
    {
        var day = Today();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var walk = new MemberWalk(parts.Journal.ReadChanges, parts.Grains, parts.Schedule, 0, parts.Journal.LastPosition, self => new SweepWanted(self), done.SetResult);
        await using (cancellation.Register(walk.Stop).ConfigureAwait(false))
        {
            walk.Start();
            await done.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }

        var batch = new JournalBatch();
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, day);
        batch.Documents.Add(new DocumentWrite(Collection, DayKey, bytes));
        parts.Pipeline.Submit(batch, null, static () => { });
        return walk.Visits;
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval, parts.Time);
        while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
        {
            try
            {
                if (parts.Journal.ReadDocument(Collection, DayKey) is not { Length: 4 } swept || BinaryPrimitives.ReadInt32BigEndian(swept) < Today())
                {
                    log.LogInformation("{Members} members were looked at", await RunOnceAsync(_stopping.Token).ConfigureAwait(false));
                }
            }
            catch (JournalException fault)
            {
                log.LogWarning("The members were not looked at, and will be in {Interval}: {Reason}", Interval, fault.Message);
            }
        }
    }

    private int Today() => Calendar.DayOf(parts.NowMs());
}
