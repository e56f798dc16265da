using System.Text;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;

namespace SyncHub.Core.Tests.Protocol;

/// <summary>A store's log of made-up ops, with the hash after each; a branch shares its beginning with another.</summary>
internal sealed class Chain
{
    private readonly List<byte[]> _ops = [];
    private readonly List<OpHash> _hashes = [OpHash.Genesis];

    public static Chain Of(int count) => new Chain().Extend(count, "op");

    public Chain Branch(int keep, int count) => Prefix(keep).Extend(count, "other");

    public ReadOnlyMemory<byte> Bytes(long sequence) => _ops[(int)sequence - 1];

    public OpHash Hash(long sequence) => _hashes[(int)sequence];

    public BatchVerdict Send(StoreSession session, long first, long last) =>
        session.OnBatch(first, Hash(first - 1), [.. Enumerable.Range((int)first, (int)(last - first + 1)).Select(sequence => (ReadOnlyMemory<byte>)_ops[sequence - 1])]);

    public Hello Hello(long tip) => new(Make.Holder(1), new byte[8], 1, tip, Hash(tip), 0, false);

    private Chain Prefix(int count)
    {
        var prefix = new Chain();
        prefix._ops.AddRange(_ops.Take(count));
        prefix._hashes.AddRange(_hashes.Skip(1).Take(count));
        return prefix;
    }

    private Chain Extend(int count, string text)
    {
        for (var i = 0; i < count; i++)
        {
            var op = Encoding.UTF8.GetBytes($"{text} {_ops.Count + 1}");
            _ops.Add(op);
            _hashes.Add(_hashes[^1].Next(op));
        }

        return this;
    }
}
