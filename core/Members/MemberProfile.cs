using SyncHub.Core.Primitives;

namespace SyncHub.Core.Members;

/// <summary>Who a member is. Personal data: masked in lists and logs.</summary>
public sealed record MemberProfile(string Name, string Phone, string Card, StoreId HomeStore, string Notes)
{
    /// <summary>A profile that says nothing.</summary>
    public static readonly MemberProfile Empty = new("", "", "", default, "");

    /// <summary>The e-mail address.</summary>
    public string Email { get; init; } = "";

    /// <summary>The phone with all but the last four digits hidden.</summary>
    public string PhoneMasked => Phone.Length <= 4 ? new string('*', Phone.Length) : string.Concat(new string('*', Phone.Length - 4), Phone.AsSpan(Phone.Length - 4));
}
