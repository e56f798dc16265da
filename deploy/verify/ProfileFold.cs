using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>What a member's events say of the profile, as far as others rely on it: phone and card.</summary>
internal sealed class ProfileFold
{
    private readonly HashSet<(string Kind, string Value)> _ever = [];

    public string Phone { get; private set; } = "";

    public string Card { get; private set; } = "";

    public void Register(MemberProfile? profile) => Set(profile?.Phone ?? "", profile?.Card ?? "");

    /// <summary>What the member claims now; empty for nothing.</summary>
    public string ClaimOf(string kind) => kind == "phone" ? Phone : Card;

    /// <summary>Everything that the member ever claimed.</summary>
    public IEnumerable<string> EverClaimed(string kind) => _ever.Where(claim => claim.Kind == kind).Select(claim => claim.Value);

    private void Set(string phone, string card)
    {
        (Phone, Card) = (phone, card);
        foreach (var claim in ((string, string)[])[("phone", phone), ("card", card)])
        {
            if (claim.Item2.Length > 0)
            {
                _ever.Add(claim);
            }
        }
    }
}
