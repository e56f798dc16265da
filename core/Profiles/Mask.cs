namespace SyncHub.Core.Profiles;

/// <summary>Personal data as those see them who need not know them: enough to tell that the right member is meant, not enough to reach or name the person.</summary>
/// <remarks>What is hidden is always as long, so that not even the length is told. Nothing stays nothing: whether a field is filled is no secret.</remarks>
public static class Mask
{
    /// <summary>What stands for the hidden part.</summary>
    public const string Hidden = "***";

    private const int MostShown = 4;
    private const int ShownOf = 2; // at most half of what there is: a short number must not be shown whole

    /// <summary>A phone or card: the last digits, at most four and at most half.</summary>
    public static string Number(string number)
    {
        var shown = Math.Min(MostShown, number.Length / ShownOf);
        return number.Length == 0 ? "" : string.Concat(Hidden, number.AsSpan(number.Length - shown));
    }

    /// <summary>A name or e-mail address: the first character.</summary>
    public static string Name(string name)
    {
        foreach (var first in name.EnumerateRunes())
        {
            return first.ToString() + Hidden;
        }

        return "";
    }

    /// <summary>Notes: whether there are any.</summary>
    public static string Notes(string notes) => notes.Length == 0 ? "" : Hidden;

    /// <summary>The value of a field of a profile; of a field that this version does not know, nothing is shown.</summary>
    public static string Value(ProfileField field, string value) => field switch
    {
        ProfileField.Phone or ProfileField.Card => Number(value),
        ProfileField.Name or ProfileField.Email => Name(value),
        _ => Notes(value),
    };
}
