using System.Collections;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace SyncHub.Protos.Mapping;

/// <summary>Checks every text of a request, whatever its field: how long it is, and that it is text.</summary>
/// <remarks>
/// Control characters, line separators and marks that turn the direction of writing are refused everywhere: in a log, on a receipt or on a page they
/// would show something else than what is stored. All else is data; nothing here or behind it builds SQL, paths or markup out of it.
/// </remarks>
public static class TextCheck
{
    private const int LongestText = 200;
    private const int MostItems = 1000;

    // Texts that are longer by their nature.
    private static readonly Dictionary<string, int> Longer = new(StringComparer.Ordinal)
    {
        ["synchub.v1.HandInReceiptRequest.code"] = 8000,
        ["synchub.v1.HandInRequest.code"] = 8000,
        ["synchub.v1.CloseCaseRequest.note"] = 1000,
        ["synchub.v1.FieldChange.value"] = 2000,
        ["synchub.v1.MemberProfile.notes"] = 2000,
    };

    /// <summary>What is wrong with a request's texts, or null.</summary>
    public static string? FindFault(IMessage request)
    {
        foreach (var field in request.Descriptor.Fields.InDeclarationOrder())
        {
            if (field.FieldType is not (FieldType.String or FieldType.Message) && !field.IsRepeated)
            {
                continue;
            }

            var value = field.Accessor.GetValue(request);
            var fault = value is IList list
                ? list.Count > MostItems ? $"{field.Name} has more than {MostItems} items." : list.Cast<object>().Select(item => FindFault(field, item)).FirstOrDefault(found => found is not null)
                : FindFault(field, value);
            if (fault is not null)
            {
                return fault;
            }
        }

        return null;
    }

    private static string? FindFault(FieldDescriptor field, object? value) => value switch
    {
        string text when text.Length > Longer.GetValueOrDefault(field.FullName, LongestText) => $"{field.Name} is longer than {Longer.GetValueOrDefault(field.FullName, LongestText)} characters.",
        string text when !IsPlain(text) => $"{field.Name} contains control characters.",
        IMessage message => FindFault(message),
        _ => null,
    };

    private static bool IsPlain(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            // U+FFFD also stands for half of a pair; U+2028, U+2029 end lines, U+202A-202E and U+2066-2069 turn the direction.
            if (Rune.IsControl(rune) || rune.Value is 0xFFFD or (>= 0x2028 and <= 0x202E) or (>= 0x2066 and <= 0x2069))
            {
                return false;
            }
        }

        return true;
    }
}
