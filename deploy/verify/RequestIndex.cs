using System.Text;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Check 9: a till's request led to one op of its store, however often the till asked.</summary>
/// <remarks>
/// Ops come from agents' logs and from the hub; the same op seen in both is one op. A database that forgot an op may answer its request again,
/// and so may a copy: two ops are wrong only where one database, or one chain, holds both.
/// </remarks>
internal sealed class RequestIndex(FindingLog findings)
{
    // Request ids are text of any form: their digest is shorter and of one size.
    private readonly Dictionary<(long Store, UInt128 Request), First> _firsts = [];
    private readonly HashSet<(ProducerId, long)> _reported = [];

    /// <summary>Takes an op.</summary>
    /// <param name="op">The op.</param>
    /// <param name="life">In whose name it was logged.</param>
    /// <param name="chain">The chain that it lies in: the life's own, or a branch.</param>
    /// <param name="sequence">Its number there.</param>
    /// <param name="file">The agent's file; empty at the hub.</param>
    public void Add(OpEnvelope op, ProducerId life, ProducerId chain, long sequence, string file = "")
    {
        if (op.RequestId.Length == 0)
        {
            if (op.Type is OpType.Sale or OpType.TopUp && _reported.Add((life, sequence)))
            {
                findings.Add(FindingCodes.RequestMissing, $"{OpText.Of(life, sequence)} ({op.Type}) names no request; expected the till's request id");
            }

            return;
        }

        var key = (life.Store, Chain.Digest(Encoding.UTF8.GetBytes(op.RequestId)));
        if (_firsts.TryAdd(key, new First(life.Incarnation, chain.Incarnation, sequence, file)))
        {
            return;
        }

        var first = _firsts[key];
        var isSameOp = (first.Life, first.Sequence) == (life.Incarnation, sequence);
        var isOneHistory = first.Chain == chain.Incarnation || (file.Length > 0 && first.File == file);
        if (!isSameOp && isOneHistory && _reported.Add((life, sequence)))
        {
            findings.Add(FindingCodes.RequestRepeated,
                $"request {op.RequestId} led to {OpText.Of(life, sequence)} and to {OpText.Of(life with { Incarnation = first.Life }, first.Sequence)}; expected one op");
        }
    }

    private readonly record struct First(long Life, long Chain, long Sequence, string File);
}
