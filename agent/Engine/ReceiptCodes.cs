using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>The codes of receipts: each carries its op, proven by the key that the hub gave to this life of the store (protocol.md 1.8).</summary>
/// <remarks>Owned by the engine; not thread-safe. Before the first connection to the hub there is no key, and receipts have no code.</remarks>
internal sealed class ReceiptCodes(Workspace work)
{
    private const string Collection = "meta";
    private static readonly byte[] Key = "receipt-key"u8.ToArray();

    public void SetKey(V1.ReceiptKey key)
    {
        var bytes = key.ToByteArray();
        if (work.ReadKept(Collection, Key) is not { } known || !known.AsSpan().SequenceEqual(bytes))
        {
            work.Write(Collection, Key, bytes);
        }
    }

    /// <summary>The code of an op of this life; empty where there is none.</summary>
    public string CodeOf(OpId op) =>
        op.Holder == work.Holder && work.ReadKept(Collection, Key) is { } bytes && V1.ReceiptKey.Parser.ParseFrom(bytes) is { } key && key.Incarnation == op.Holder.Incarnation.Value
            && work.ReadLogged(op.Sequence) is { } logged
            ? ReceiptCodec.Encode(key.Key.Span, logged.Previous, logged.Bytes)
            : "";
}
