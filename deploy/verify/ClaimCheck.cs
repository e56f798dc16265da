using System.Buffers.Binary;
using System.Text;
using SyncHub.Storage.Audit;

namespace SyncHub.Verify;

/// <summary>Check 10: a phone or card in the directory belongs to a member who says so, and nobody's claim is missing from it.</summary>
internal sealed class ClaimCheck(HubLog hub, FindingLog findings)
{
    public void Run(IJournalRows file)
    {
        foreach (var kind in (string[])["phone", "card"])
        {
            Run(file, kind);
        }
    }

    private void Run(IJournalRows file, string kind)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var document in file.Documents(kind))
        {
            var value = Encoding.UTF8.GetString(document.Key);
            found.Add(value);
            var owner = document.Value.Length == 16 ? BinaryPrimitives.ReadUInt128BigEndian(document.Value) : UInt128.Zero;
            if (!hub.Members.TryGetValue(owner, out var member) || member.Profile.ClaimOf(kind) != value)
            {
                findings.Add(FindingCodes.ClaimWrong, $"the {kind} {Mask(value)} is given to member {MemberText.Of(owner)}, whose profile does not have it");
            }
        }

        // Where two members ever claimed one value, the second may rightly be without it.
        var claimants = new Dictionary<string, List<MemberFold>>(StringComparer.Ordinal);
        foreach (var member in hub.Members.Values)
        {
            foreach (var value in member.Profile.EverClaimed(kind))
            {
                (claimants.TryGetValue(value, out var list) ? list : claimants[value] = []).Add(member);
            }
        }

        foreach (var (value, list) in claimants.Where(claim => claim.Value.Count == 1 && !found.Contains(claim.Key)))
        {
            if (list[0].Profile.ClaimOf(kind) == value)
            {
                findings.Add(FindingCodes.ClaimMissing, $"the {kind} {Mask(value)} of member {MemberText.Of(list[0].Id)} is not in the directory");
            }
        }
    }

    private static string Mask(string value) => value.Length <= 4 ? new string('*', value.Length) : new string('*', value.Length - 4) + value[^4..];
}
