namespace SyncHub.Verify;

/// <summary>Check 11: between two members nothing arrives that was not sent, and merged members are a forest (I17).</summary>
internal sealed class MergeCheck(HubLog hub, FindingLog findings)
{
    public void Run()
    {
        foreach (var member in hub.Members.Values)
        {
            CheckTransfers(member);
            CheckAlias(member);
        }
    }

    private void CheckTransfers(MemberFold member)
    {
        foreach (var ((peer, bucket), sent) in member.Merge.Sent)
        {
            var taken = hub.Members.TryGetValue(peer, out var other) ? other.Merge.Taken.GetValueOrDefault((member.Id, bucket)) : 0;
            if (taken < sent)
            {
                findings.AddUnsettled(FindingCodes.TransferPending, $"{sent - taken} of {bucket} have left member {MemberText.Of(member.Id)} for member {MemberText.Of(peer)} and not arrived");
            }
        }

        foreach (var ((peer, bucket), taken) in member.Merge.Taken)
        {
            var sent = hub.Members.TryGetValue(peer, out var other) ? other.Merge.Sent.GetValueOrDefault((member.Id, bucket)) : 0;
            if (taken > sent)
            {
                findings.AddWallet(FindingCodes.TransferInvented, member.Id, $"it took {taken} of {bucket} from member {MemberText.Of(peer)}, who sent {sent}");
            }
        }
    }

    private void CheckAlias(MemberFold member)
    {
        var survivor = member.Merge.AliasOf;
        if (survivor != UInt128.Zero && !(hub.Members.TryGetValue(survivor, out var other) && other.Merge.Aliases.Contains(member.Id)))
        {
            findings.AddUnsettled(FindingCodes.AliasPending, $"member {MemberText.Of(member.Id)} was merged into member {MemberText.Of(survivor)}, which does not know it");
        }

        foreach (var alias in member.Merge.Aliases.Where(alias => !hub.Members.TryGetValue(alias, out var known) || known.Merge.AliasOf != member.Id))
        {
            findings.AddUnsettled(FindingCodes.AliasPending, $"member {MemberText.Of(member.Id)} has member {MemberText.Of(alias)} as an alias, which is none of it");
        }

        var seen = new HashSet<UInt128>();
        for (var next = member; next is not null && next.Merge.AliasOf != UInt128.Zero; next = hub.Members.GetValueOrDefault(next.Merge.AliasOf))
        {
            if (!seen.Add(next.Id))
            {
                findings.Add(FindingCodes.AliasCircle, $"following whom member {MemberText.Of(member.Id)} was merged into leads in a circle");
                break;
            }
        }
    }
}
