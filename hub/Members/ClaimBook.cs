using System.Text;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Storage;

namespace SyncHub.Hub.Members;

/// <summary>Who has which phone and card: documents of the journal, with what is on its way to the disk laid over them.</summary>
/// <remarks>
/// Thread-safe: every partition asks it. Two partitions' batches may reach the disk in another order than they were decided in, so a claim
/// with a change under way belongs to that change's member until it is durable; a newcomer then gets a case too many, never a claim twice.
/// </remarks>
internal sealed class ClaimBook(IJournal journal)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Claim, (MemberId Member, bool IsTaken, int Changes)> _underWay = [];

    /// <summary>Whose a claim is, durable or under way; null for nobody's.</summary>
    public MemberId? OwnerOf(Claim claim)
    {
        lock (_gate)
        {
            return _underWay.TryGetValue(claim, out var change) ? (change.IsTaken ? change.Member : null) : Stored(claim);
        }
    }

    /// <summary>Writes a change with the batch of its events.</summary>
    /// <returns>Null, or the member who has the claim and keeps it.</returns>
    public MemberId? Write(JournalBatch batch, ClaimChange change)
    {
        lock (_gate)
        {
            var isUnderWay = _underWay.TryGetValue(change.Claim, out var before);
            var owner = isUnderWay ? before.Member : Stored(change.Claim);
            if (owner is { } other && other != change.Member)
            {
                return change.IsTaken ? other : null; // releasing what somebody else has releases nothing
            }

            _underWay[change.Claim] = (change.Member, change.IsTaken, before.Changes + 1);
            batch.Documents.Add(new DocumentWrite(Collection(change.Claim), Key(change.Claim), change.IsTaken ? change.Member.ToBytes() : null));
            return null;
        }
    }

    /// <summary>A change that <see cref="Write"/> took is durable.</summary>
    public void Durable(Claim claim)
    {
        lock (_gate)
        {
            if (_underWay.TryGetValue(claim, out var change))
            {
                if (change.Changes > 1)
                {
                    _underWay[claim] = change with { Changes = change.Changes - 1 };
                }
                else
                {
                    _underWay.Remove(claim);
                }
            }
        }
    }

    private MemberId? Stored(Claim claim) => journal.ReadDocument(Collection(claim), Key(claim)) is { Length: 16 } bytes ? MemberId.FromBytes(bytes) : null;

    private static string Collection(Claim claim) => claim.Kind == ClaimKind.Phone ? "phone" : "card";

    private static byte[] Key(Claim claim) => Encoding.UTF8.GetBytes(claim.Value);
}
