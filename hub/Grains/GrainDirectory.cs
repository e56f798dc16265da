using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Doors;

namespace SyncHub.Hub.Grains;

/// <summary>Finds a member's grain: which partition runs it. partition = hash(member) mod P, with P fixed when the hub is installed.</summary>
internal sealed class GrainDirectory
{
    private IInbox[] _inboxes = [];
    private int _partitions;
    private CommitPipeline? _pipeline;

    /// <summary>Those who run the partitions, each several of them.</summary>
    public IReadOnlyList<IInbox> Inboxes => _inboxes;

    /// <summary>Sets who runs the partitions, once, at start, and where reads of members are recorded.</summary>
    public void Use(IInbox[] inboxes, int partitions, CommitPipeline? pipeline = null) => (_inboxes, _partitions, _pipeline) = (inboxes, partitions, pipeline);

    /// <summary>Hands a message to a member's grain.</summary>
    public void Post(GrainMessage message) => _inboxes[message.Member.Slot(_partitions) % _inboxes.Length].Post(message);

    /// <summary>Asks a grain for its state as soon as everything decided before is durable.</summary>
    public async Task<MemberView> AskAsync(MemberId member, Func<object, MemberMessage> question, CancellationToken cancellation)
    {
        var reply = new TaskCompletionSource<MemberView>(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = DoorCall.Current;
        Post(new GrainMessage(member, question(reply)) { Call = call });
        var view = await reply.Task.WaitAsync(cancellation).ConfigureAwait(false);
        if (view.Version > 0 && call?.TakeRead(view) is { } read && _pipeline is { } pipeline)
        {
            await pipeline.CommitAsync(new Storage.JournalBatch(), read).ConfigureAwait(false); // on record before anybody sees it
        }

        return view;
    }
}
