using System.Threading.Channels;
using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>One partition's thread of control: takes messages in, lets the partition decide, hands its batches to the pipeline.</summary>
/// <remarks>It goes on deciding while earlier batches are on their way to the disk. Only <see cref="Post"/> and <see cref="Complete"/> may be called from outside.</remarks>
internal sealed class PartitionLoop(Partition partition, PartitionSettings settings, CommitPipeline pipeline) : IInbox, IDisposable
{
    private readonly Channel<GrainMessage> _inbox = Channel.CreateUnbounded<GrainMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _room = new(settings.BatchesUnderWay);

    /// <inheritdoc/>
    public int ActiveGrains => partition.ActiveGrains;

    /// <inheritdoc/>
    public void Post(GrainMessage message) => _inbox.Writer.TryWrite(message);

    /// <summary>Takes no more messages; <see cref="RunAsync"/> ends after those that wait.</summary>
    public void Complete() => _inbox.Writer.TryComplete();

    /// <inheritdoc/>
    public void Dispose() => _room.Dispose();

    /// <summary>Handles messages until completed.</summary>
    public async Task RunAsync()
    {
        var messages = new List<GrainMessage>(settings.BatchMessages);
        while (await _inbox.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            await _room.WaitAsync().ConfigureAwait(false);
            messages.Clear();
            while (messages.Count < settings.BatchMessages && _inbox.Reader.TryRead(out var message))
            {
                messages.Add(message);
            }

            Batch batch;
            try
            {
                batch = partition.Decide(messages);
            }
            catch (JournalUnavailableException fault)
            {
                // Parking the op would blame it for the disk; what this partition holds in memory may be ahead of the journal.
                pipeline.Fail(fault);
                return;
            }

            pipeline.Submit(batch.Journal, batch.Exposure, () =>
            {
                partition.Released(batch);
                _room.Release();
            }, batch.Acts);
            if (partition.Evict() is { } snapshots)
            {
                pipeline.Submit(snapshots, null, static () => { });
            }
        }
    }
}
