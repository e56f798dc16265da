using SyncHub.Core.Members;
using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Grains;

/// <summary>Finds a member's grain: which partition runs it. partition = hash(member) mod P, with P fixed when the hub is installed.</summary>
internal sealed class GrainDirectory
{
    private IInbox[] _partitions = [];

    /// <summary>The partitions, by number.</summary>
    public IReadOnlyList<IInbox> Partitions => _partitions;

    /// <summary>Sets the partitions, once, at start.</summary>
    public void Use(IInbox[] partitions) => _partitions = partitions;

    /// <summary>Hands a message to a member's grain.</summary>
    public void Post(GrainMessage message) => _partitions[message.Member.Slot(_partitions.Length)].Post(message);

    /// <summary>Asks a grain for its state as soon as everything decided before is durable.</summary>
    public async Task<MemberView> AskAsync(MemberId member, Func<object, MemberMessage> question, CancellationToken cancellation)
    {
        var reply = new TaskCompletionSource<MemberView>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new GrainMessage(member, question(reply)));
        return await reply.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }
}
