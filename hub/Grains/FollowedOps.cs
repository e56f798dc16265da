using System.Runtime.InteropServices;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Grains;

/// <summary>Which ops of a batch have another one of their member behind them.</summary>
/// <remarks>Where rights should lie is planned once for a batch and not for each op of a member whom many stores serve at once: a plan takes as long as all else that is done for an op. One thread at a time.</remarks>
internal sealed class FollowedOps
{
    private readonly List<bool> _isFollowed = [];
    private readonly HashSet<MemberId> _behind = [];

    /// <summary>Looks at a batch, from its end.</summary>
    public void Find(IReadOnlyList<GrainMessage> messages)
    {
        CollectionsMarshal.SetCount(_isFollowed, messages.Count);
        for (var i = messages.Count - 1; i >= 0; i--)
        {
            _isFollowed[i] = messages[i].Message is OpArrived && !_behind.Add(messages[i].Member);
        }

        _behind.Clear();
    }

    /// <summary>The message, and whether its rights are placed later.</summary>
    public GrainMessage Mark(GrainMessage message, int place) =>
        _isFollowed[place] && message.Message is OpArrived op ? message with { Message = op with { PlacesLater = true } } : message;
}
