using SyncHub.Core.Primitives;

namespace SyncHub.Simulator;

/// <summary>Members between whom value may have moved: whoever was ever to be merged with whom. It only grows, because an un-merge leaves its traces.</summary>
internal sealed class Kin
{
    private readonly Dictionary<MemberId, MemberId> _parent = [];

    /// <summary>Whether anybody has kin at all.</summary>
    public bool IsEmpty => _parent.Count == 0;

    public MemberId RootOf(MemberId member)
    {
        while (_parent.TryGetValue(member, out var parent))
        {
            member = parent;
        }

        return member;
    }

    public void Join(MemberId one, MemberId other)
    {
        var (left, right) = (RootOf(one), RootOf(other));
        if (left != right)
        {
            _parent[right] = left;
        }
    }
}
