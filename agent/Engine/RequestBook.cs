using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using SyncHub.Core.Tills;

namespace SyncHub.Agent.Engine;

/// <summary>The answers given to request ids. An answer lies in the journal transaction of its op, so a repeated request can never book twice.</summary>
internal sealed class RequestBook(Workspace work)
{
    private const string Collection = "request";

    /// <summary>The answer given before, or a refusal where the id was used for something else; null for a new id.</summary>
    public IMessage? Find(string requestId, IMessage request)
    {
        if (requestId.Length is 0 or > TillContext.LongestText || work.Read(Collection, Encoding.UTF8.GetBytes(requestId)) is not { } bytes)
        {
            return null;
        }

        var recorded = V1.RequestAnswer.Parser.ParseFrom(bytes);
        if (!recorded.Fingerprint.Span.SequenceEqual(FingerprintOf(request)))
        {
            return Answers.Refusal(request, new V1.Rejection
            {
                Code = V1.RejectionCode.RequestIdReused,
                Message = "This request_id was used for another request. Send a new request under a new id, and a repeated one unchanged.",
            });
        }

        return request switch
        {
            V1.RegisterRequest or V1.SetProfileRequest or V1.TagRequest or V1.UntagRequest => V1.IdentifyAnswer.Parser.ParseFrom(recorded.Answer),
            V1.CloseDayRequest => V1.CloseDayAnswer.Parser.ParseFrom(recorded.Answer),
            _ => Repeated(V1.OpAnswer.Parser.ParseFrom(recorded.Answer)),
        };
    }

    /// <summary>Remembers the answer that goes with the newest op of the batch.</summary>
    public void Record(string requestId, IMessage request, IMessage answer, long nowMs) => work.Write(
        Collection,
        Encoding.UTF8.GetBytes(requestId),
        new V1.RequestAnswer { Fingerprint = ByteString.CopyFrom(FingerprintOf(request)), Answer = answer.ToByteString(), AtMs = nowMs, Incarnation = work.Holder.Incarnation.Value, Sequence = work.TipSequence }.ToByteArray());

    /// <summary>The receipt that was printed for a request, or null.</summary>
    public V1.Receipt? FindReceipt(string requestId) =>
        requestId.Length > 0 && work.Read(Collection, Encoding.UTF8.GetBytes(requestId)) is { } bytes
            ? V1.OpAnswer.Parser.ParseFrom(V1.RequestAnswer.Parser.ParseFrom(bytes).Answer).Receipt
            : null;

    private static V1.OpAnswer Repeated(V1.OpAnswer answer)
    {
        answer.Receipt.Repeated = true;
        return answer;
    }

    // The name is part of it: two messages of different methods may have the same bytes.
    private static byte[] FingerprintOf(IMessage request) =>
        SHA256.HashData([.. Encoding.UTF8.GetBytes(request.Descriptor.Name), 0, .. request.ToByteArray()]);
}
