using SyncHub.Core.Members;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Profiles;

/// <summary>By what a member is found besides its number. The numbers lie on the disk.</summary>
public enum ClaimKind
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>A phone number.</summary>
    Phone = 1,

    /// <summary>A card number.</summary>
    Card = 2,
}

/// <summary>A phone or card that at most one member has; the first to claim it keeps it.</summary>
public readonly record struct Claim(ClaimKind Kind, string Value)
{
    /// <summary>The claim as people and logs may see it.</summary>
    public string Masked => $"{Kind} {Mask.Number(Value)}";
}

/// <summary>What a member claims, by its profile.</summary>
public readonly record struct ClaimSet(string Phone, string Card)
{
    /// <summary>Claims nothing.</summary>
    public static readonly ClaimSet None = new("", "");

    /// <summary>What a member claims now.</summary>
    public static ClaimSet Of(MemberState state) => state.Registered ? new ClaimSet(state.Profile.Phone, state.Profile.Card) : None;

    /// <summary>The claims.</summary>
    public IEnumerable<Claim> Claims => new[] { new Claim(ClaimKind.Phone, Phone), new Claim(ClaimKind.Card, Card) }.Where(claim => claim.Value.Length > 0);
}

/// <summary>A claim that a member takes or releases with the events of a turn.</summary>
/// <param name="Claim">Which.</param>
/// <param name="Member">Who.</param>
/// <param name="IsTaken">Taken, or released.</param>
public readonly record struct ClaimChange(Claim Claim, MemberId Member, bool IsTaken);
