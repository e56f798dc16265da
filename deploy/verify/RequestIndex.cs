using System.Text;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Check 9: a till's request led to one op of its store, however often the till asked.</summary>
/// <remarks>Ops come from agents' logs and from the hub; the same op seen in both is one op.</remarks>
internal sealed class RequestIndex(FindingLog findings)
{
    // Request ids are text of any form: their digest is shorter and of one size.
    private readonly Dictionary<(long Store, UInt128 Request), (long Incarnation, long Sequence)> _firsts = [];
    private readonly HashSet<(ProducerId, long)> _reported = [];

    public void Add(OpEnvelope op, ProducerId producer, long sequence)
    {
        if (op.RequestId.Length == 0)
        {
            if (op.Type is OpType.Sale or OpType.TopUp && _reported.Add((producer, sequence)))
            {
                findings.Add(FindingCodes.RequestMissing, $"{OpText.Of(producer, sequence)} ({op.Type}) names no request; expected the till's request id");
            }

            return;
        }

        var key = (producer.Store, Chain.Digest(Encoding.UTF8.GetBytes(op.RequestId)));
        if (_firsts.TryAdd(key, (producer.Incarnation, sequence)))
        {
            return;
        }

        var first = _firsts[key];
        if (first != (producer.Incarnation, sequence) && _reported.Add((producer, sequence)))
        {
            findings.Add(FindingCodes.RequestRepeated,
                $"request {op.RequestId} led to {OpText.Of(producer, sequence)} and to {OpText.Of(producer with { Incarnation = first.Incarnation }, first.Sequence)}; expected one op");
        }
    }
}
