using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Members;

namespace SyncHub.Simulator;

/// <content>I17, on the disk of headquarters: what one member has said and the other one has not taken is written down as under way, so that whichever hub starts next goes on with it.</content>
internal sealed partial class Oracle
{
    private void CheckUnderWay()
    {
        foreach (var from in world.MemberIds)
        {
            var sender = world.Hub.OnDisk(from);
            foreach (var (to, sums) in sender.Sent)
            {
                var taken = world.Hub.OnDisk(to).Taken.GetValueOrDefault(from);
                foreach (var (bucket, sent) in sums.Lines)
                {
                    if (sent > (taken?.Lines.GetValueOrDefault(bucket) ?? 0))
                    {
                        DemandNote(UnderWayKind.Transfer, from, to, $"{sent} of {bucket} were sent in all, and not all of it came");
                    }
                }
            }

            if (sender.IsAlias && world.Hub.OnDisk(sender.AliasOf).Aliases.TryGetValue(from, out var alias) && alias.Offer == sender.AliasOffer && alias.News.Version < sender.Version)
            {
                DemandNote(UnderWayKind.Transfer, from, sender.AliasOf, $"the survivor knows version {alias.News.Version}, the alias has {sender.Version}");
            }

            foreach (var loser in sender.Offers.Keys)
            {
                DemandNote(UnderWayKind.Offer, from, loser, "the offer is open");
            }
        }
    }

    private void DemandNote(UnderWayKind kind, MemberId from, MemberId to, string why)
    {
        if (!MergeWork.IsWritten(world.Hub.Journal, new MergeWork.Work(kind, from, to)))
        {
            throw new Violation("I17", $"between {from} and {to} something is under way ({kind}: {why}), and nothing is written of it: a hub that starts does not go on with it");
        }
    }
}
