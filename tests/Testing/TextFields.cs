using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace SyncHub.Testing;

/// <summary>Every text of a message by its contract, however deep it lies: a field that is added tomorrow is found by itself.</summary>
public static class TextFields
{
    /// <summary>For each text field: where it lies, and the bytes of a request that holds one text there and is empty otherwise.</summary>
    /// <param name="type">The message.</param>
    /// <param name="text">What to put there.</param>
    public static IEnumerable<(string Path, byte[] Request)> Fill(MessageDescriptor type, string text) =>
        PathsOf(type, []).Select(path => (string.Join('.', path.Select(field => field.Name).Prepend(type.Name)), Holding(type, path, text).ToByteArray()));

    // A message within itself is entered once.
    private static IEnumerable<IReadOnlyList<FieldDescriptor>> PathsOf(MessageDescriptor type, IReadOnlyList<FieldDescriptor> before)
    {
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            if (field.FieldType == FieldType.String)
            {
                yield return [.. before, field];
            }
            else if (field.FieldType == FieldType.Message && before.All(passed => passed.ContainingType != field.MessageType))
            {
                foreach (var path in PathsOf(field.MessageType, [.. before, field]))
                {
                    yield return path;
                }
            }
        }
    }

    private static IMessage Holding(MessageDescriptor type, IEnumerable<FieldDescriptor> path, string text)
    {
        var message = type.Parser.ParseFrom([]);
        var field = path.First();
        object value = field.FieldType == FieldType.String ? text : Holding(field.MessageType, path.Skip(1), text);
        if (field.IsMap)
        {
            throw new NotSupportedException($"{field.FullName} is a map; teach this how to fill it.");
        }

        if (field.IsRepeated)
        {
            ((IList)field.Accessor.GetValue(message)).Add(value);
        }
        else
        {
            field.Accessor.SetValue(message, value);
        }

        return message;
    }
}
