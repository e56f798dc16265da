using Google.Protobuf;
using Google.Protobuf.Reflection;
using SyncHub.Storage;

namespace SyncHub.Simulator;

/// <summary>What passes between this version and an older or a newer one: an older one drops what it does not know, a newer one says more.</summary>
/// <remarks>The older contract is the one of before merges, refund rights, credit, receipts and profiles. The program behind it is today's; only its wire is old.</remarks>
internal static class Versions
{
    // The highest field number of each message that has grown since; all others are as they were.
    private static readonly Dictionary<string, int> Known = new(StringComparer.Ordinal)
    {
        ["AgentFrame"] = 9,
        ["HubFrame"] = 15,
        ["Welcome"] = 9,
        ["Facts"] = 4,
        ["MemberDelta"] = 10,
        ["PolicyDelta"] = 6,
        ["MemberProfile"] = 5,
    };

    // Field 4000, length-delimited, five bytes: no message of ours has it.
    private static readonly byte[] Unheard = [0x82, 0xFA, 0x01, 0x05, 1, 2, 3, 4, 5];

    /// <summary>What is left of a message on the wire of an older version.</summary>
    public static T Old<T>(T message)
        where T : IMessage<T>, IDeepCloneable<T>
    {
        var copy = message.Clone();
        Drop(copy);
        return copy;
    }

    /// <summary>A message of a newer version: with a field that nobody here has heard of.</summary>
    public static V1.AgentFrame New(V1.AgentFrame frame)
    {
        var copy = frame.Clone();
        if (copy.Hello is { } hello)
        {
            copy.Hello = V1.Hello.Parser.ParseFrom((byte[])[.. hello.ToByteArray(), .. Unheard]);
            copy.Hello.SchemaMax++;
        }

        return V1.AgentFrame.Parser.ParseFrom((byte[])[.. copy.ToByteArray(), .. Unheard]);
    }

    /// <summary>A frame of which an older hub knows nothing.</summary>
    public static V1.AgentFrame Unknown() => V1.AgentFrame.Parser.ParseFrom(Unheard);

    /// <summary>Snapshots as the hub wrote them before it kept what was undone.</summary>
    public static void MakeOld(List<NewSnapshot> snapshots)
    {
        for (var i = 0; i < snapshots.Count; i++)
        {
            var old = V1.MemberSnapshot.Parser.ParseFrom(snapshots[i].Payload.Span);
            old.CountsUndone = false;
            old.Undone.Clear();
            old.Personal = null;
            snapshots[i] = snapshots[i] with { Payload = old.ToByteArray() };
        }
    }

    private static void Drop(IMessage message)
    {
        var known = Known.GetValueOrDefault(message.Descriptor.Name, int.MaxValue);
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (field.FieldNumber > known)
            {
                if (field.ContainingOneof is null || field.ContainingOneof.Accessor.GetCaseFieldDescriptor(message) == field)
                {
                    field.Accessor.Clear(message);
                }
            }
            else if (field.FieldType == FieldType.Message && field.Accessor.GetValue(message) is { } value)
            {
                foreach (var part in value as System.Collections.IEnumerable ?? new[] { value })
                {
                    if (part is IMessage inner)
                    {
                        Drop(inner);
                    }
                }
            }
        }
    }
}
