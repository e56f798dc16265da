using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Members;

/// <summary>Who a member is. Personal data: masked in lists and logs.</summary>
public sealed record MemberProfile(string Name, string Phone, string Card, StoreId HomeStore, string Notes)
{
    /// <summary>A profile that says nothing.</summary>
    public static readonly MemberProfile Empty = new("", "", "", default, "");

    /// <summary>The e-mail address.</summary>
    public string Email { get; init; } = "";

    /// <summary>The profile as those see it who need not know the person; the home store stays.</summary>
    public MemberProfile Masked() => this with { Name = Mask.Name(Name), Phone = Mask.Number(Phone), Card = Mask.Number(Card), Notes = Mask.Notes(Notes), Email = Mask.Name(Email) };
}
