using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Refunds;
using SyncHub.Protos.Mapping;
using SyncHub.V1;
using CoreHello = SyncHub.Core.Protocol.Hello;

namespace SyncHub.Hub.Sync;

/// <summary>What the frames of an agent mean to its link and to the grains.</summary>
internal static class AgentFrames
{
    /// <summary>A Hello as the core reads it; null where it makes no sense.</summary>
    public static CoreHello? ReadHello(Hello hello) => hello.TipHash.Length is not (0 or OpHash.Size) ? null
        : new CoreHello(new Holder(new StoreId(hello.Store), new Incarnation(hello.Incarnation)), hello.Nonce.Memory, hello.Token,
            hello.TipSequence, OpHash.FromBytes(hello.TipHash.Span), hello.FeedPosition, hello.Locked)
        {
            Device = LifeKey.FromBytes(hello.Device.Span),
            Wish = LifeKey.FromBytes(hello.Wish.Span),
            HubTerm = hello.HubTerm,
        };

    /// <summary>Logs of earlier lives that an agent will send. What a hub of another term had of them, a restored one may have forgotten, and they come again.</summary>
    public static IReadOnlyList<DeadLog> LogsToCome(Hello hello, long term) => hello.HubTerm == term || Switches.IsOff(Mechanism.LogsOfOtherTerms) ? hello.DeadLogs : [.. hello.DeadLogs, .. hello.ConfirmedLogs];

    /// <summary>Handles one frame of a stream whose Hello was judged, or is being judged.</summary>
    /// <returns>Null, or why the stream must end.</returns>
    public static string? Handle(StoreLink link, IStoreConnection connection, AgentFrame frame, HubParts parts)
    {
        switch (frame.FrameCase)
        {
            case AgentFrame.FrameOneofCase.OpBatch:
                return frame.OpBatch.Nonce == connection.Nonce ? link.OnBatch(frame.OpBatch, connection) : null;
            case AgentFrame.FrameOneofCase.RightsRequest when MemberOf(frame.RightsRequest.Member) is { } member:
                var wanted = frame.RightsRequest;
                if (link.OnUsed(connection) is { } asker)
                {
                    Post(parts, member, new RightsWanted(asker, wanted.Request, [.. wanted.Targets.Select(target => new Core.Members.GrantedLine(BucketCodec.ToCore(target.Bucket), target.GrantedTarget))], wanted.Reason == RightsReason.Checkout));
                }

                return null;
            case AgentFrame.FrameOneofCase.Identify:
                if (link.OnUsed(connection) is { } identifier)
                {
                    Identify(identifier, connection, frame.Identify, parts);
                }

                return null;
            case AgentFrame.FrameOneofCase.RevokeDone when MemberOf(frame.RevokeDone.Member) is { } member:
                if (link.OnUsed(connection) is { } giver)
                {
                    Post(parts, member, new RevokeAnswered(giver, frame.RevokeDone.Id));
                }

                return null;
            case AgentFrame.FrameOneofCase.RefundRightRequest:
                if (link.OnUsed(connection) is { } undoer)
                {
                    RefundDesk.Ask(parts, undoer, connection, frame.RefundRightRequest);
                }

                return null;
            case AgentFrame.FrameOneofCase.OrderReply:
                if (link.OnUsed(connection) is { } booker)
                {
                    parts.Orders.OnReply(booker.Store, frame.OrderReply);
                }

                return null;
            case AgentFrame.FrameOneofCase.FramesTaken:
                connection.OnTaken(frame.FramesTaken.Bytes);
                return null;
            case AgentFrame.FrameOneofCase.OutOfBand:
                if (link.OnUsed(connection) is not null)
                {
                    HandIn(connection, frame.OutOfBand, parts);
                }

                return null;
            case AgentFrame.FrameOneofCase.Facts:
                link.OnFacts(frame.Facts, connection);
                return null;
            case AgentFrame.FrameOneofCase.ChallengeReply:
                link.OnChallengeReply(frame.ChallengeReply, connection);
                return null;
            case AgentFrame.FrameOneofCase.LineReport:
                link.OnLineReport(frame.LineReport, connection);
                return null;
            case AgentFrame.FrameOneofCase.Heartbeat:
                link.OnHeartbeat(frame.Heartbeat);
                return null;
            case AgentFrame.FrameOneofCase.Hello:
                return "A second Hello on one stream.";
            case AgentFrame.FrameOneofCase.RightsRequest or AgentFrame.FrameOneofCase.RevokeDone:
                return "A member id has 16 bytes.";
            default:
                return null; // a frame of a newer agent: what this version does not know it does not need
        }
    }

    private static void HandIn(IStoreConnection connection, OutOfBandReceipt handed, HubParts parts)
    {
        void Reply(HandInReceiptResponse response) => connection.Send(new HubFrame
        {
            OutOfBandReply = new OutOfBandReply { Request = handed.Request, Outcome = response.Outcome, Note = response.Note, Op = response.Op },
        });

        if (handed.Receipt is null || parts.Receipts is not { } desk)
        {
            Reply(new HandInReceiptResponse { Outcome = ReceiptOutcome.Refused, Note = "This hub has no key of receipts." });
            return;
        }

        desk.HandIn(handed.Receipt, Reply);
    }

    private static void Identify(Holder holder, IStoreConnection connection, IdentifyRequest request, HubParts parts)
    {
        var member = request.KeyCase switch
        {
            IdentifyRequest.KeyOneofCase.Member => MemberOf(request.Member),
            IdentifyRequest.KeyOneofCase.Phone => Find(parts, "phone", request.Phone),
            IdentifyRequest.KeyOneofCase.Card => Find(parts, "card", request.Card),
            _ => null,
        };
        if (member is { } id)
        {
            Post(parts, id, new IdentifyWanted(holder, request.Request, request.Prefetch));
        }
        else if (parts.Misses.Take(holder.Store, out var isNews))
        {
            connection.Send(new HubFrame { IdentifyReply = new IdentifyReply { Request = request.Request } });
        }
        else if (isNews)
        {
            // No answer: its tills go on as without a hub, and nobody learns which numbers the chain does not know.
            parts.Log.LogWarning("Store {Store} has asked for more than {Count} phones and cards that nobody has, and gets an answer to one a second. If its machine may be stolen: synchub store revoke {Number}", holder.Store, MissLimit.AtOnce, holder.Store.Value);
        }
    }

    private static MemberId? Find(HubParts parts, string collection, string key) => MemberOf(parts.Journal.ReadDocument(collection, Encoding.UTF8.GetBytes(key)));

    private static void Post(HubParts parts, MemberId member, MemberMessage message) => parts.Grains.Post(new GrainMessage(member, message));

    private static MemberId? MemberOf(ByteString bytes) => bytes.Length == 16 ? MemberId.FromBytes(bytes.Span) : null;

    private static MemberId? MemberOf(byte[]? bytes) => bytes is { Length: 16 } ? MemberId.FromBytes(bytes) : null;
}
