using SyncHub.Core.Members;

namespace SyncHub.Core.Profiles;

/// <summary>A field of a profile that can be changed by itself. The numbers lie on the disk.</summary>
public enum ProfileField
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>The member's name.</summary>
    Name = 1,

    /// <summary>A claim, and a way to reach the member: pending until it is proved.</summary>
    Phone = 2,

    /// <summary>A claim.</summary>
    Card = 3,

    /// <summary>Free text.</summary>
    Notes = 4,

    /// <summary>A way to reach the member: pending until it is proved.</summary>
    Email = 5,
}

/// <summary>A new value of one field.</summary>
public readonly record struct FieldChange(ProfileField Field, string Value);

/// <summary>What fields may hold, and where they lie in a profile.</summary>
public static class ProfileFields
{
    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<ProfileField> All = [ProfileField.Name, ProfileField.Phone, ProfileField.Card, ProfileField.Notes, ProfileField.Email];

    /// <summary>Whether a change has to be proved by the member before it counts.</summary>
    public static bool NeedsProof(ProfileField field) => field is ProfileField.Phone or ProfileField.Email;

    /// <summary>The field's value.</summary>
    public static string Of(MemberProfile profile, ProfileField field) => field switch
    {
        ProfileField.Name => profile.Name,
        ProfileField.Phone => profile.Phone,
        ProfileField.Card => profile.Card,
        ProfileField.Notes => profile.Notes,
        ProfileField.Email => profile.Email,
        _ => "",
    };

    /// <summary>The profile with another value of the field; as it was where the field is not known.</summary>
    public static MemberProfile With(MemberProfile profile, ProfileField field, string value) => field switch
    {
        ProfileField.Name => profile with { Name = value },
        ProfileField.Phone => profile with { Phone = value },
        ProfileField.Card => profile with { Card = value },
        ProfileField.Notes => profile with { Notes = value },
        ProfileField.Email => profile with { Email = value },
        _ => profile,
    };

    /// <summary>What is wrong with a value in words, or null.</summary>
    public static string? FindFault(ProfileField field, string value) => field switch
    {
        ProfileField.Name => value.Length is 0 or > 100 ? "A name has 1 to 100 characters." : null,
        ProfileField.Phone => value.Length > 0 && !IsPhone(value) ? "A phone is 5 to 20 digits, with an optional + in front." : null,
        ProfileField.Card => value.Length > 40 ? "A card number has at most 40 characters." : null,
        ProfileField.Notes => value.Length > 1000 ? "Notes have at most 1000 characters." : null,
        ProfileField.Email => value.Length > 0 && (value.Length > 254 || !value.Contains('@')) ? "An e-mail address has an @ and at most 254 characters." : null,
        _ => "There is no such field.",
    };

    private static bool IsPhone(string text)
    {
        var digits = text[0] == '+' ? text.AsSpan(1) : text;
        return digits.Length is >= 5 and <= 20 && !digits.ContainsAnyExceptInRange('0', '9');
    }
}
