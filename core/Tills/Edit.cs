using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Tills;

/// <summary>A change of profile or tags that was logged here and is not in the hub's word yet.</summary>
/// <param name="Op">As it was logged.</param>
/// <param name="Hash">Its hash in the log.</param>
public readonly record struct Edit(Op Op, OpHash Hash)
{
    /// <summary>The name of the tag that it adds.</summary>
    public Dot Dot => new(Op.Id, Hash.Head);
}
