using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Sync;

/// <summary>Hands receipts in that waited for a hub, one after the other: the next follows when the one before was answered.</summary>
/// <remarks>Not thread-safe; its session locks. It keeps nothing: what waits lies in the journal, and is gone through from the start on each connection and every half minute.</remarks>
internal sealed class HandInQueue(ISessionShell shell)
{
    private const int BeatsPerRound = 15;
    private int _beats;
    private bool _isRunning;

    /// <summary>A receipt on its way.</summary>
    public static V1.AgentFrame FrameOf(ByteString nonce, long request, V1.OutOfBandOp receipt) =>
        new() { OutOfBand = new V1.OutOfBandReceipt { Nonce = nonce, Request = request, Receipt = receipt } };

    /// <summary>The hub can be asked.</summary>
    public void Start(HubSession session)
    {
        if (!_isRunning)
        {
            _isRunning = true;
            Next(session, []);
        }
    }

    /// <summary>What a till could not hand in at once is tried again.</summary>
    public void Beat(HubSession session)
    {
        if (session.IsLive && ++_beats % BeatsPerRound == 0)
        {
            Start(session);
        }
    }

    private void Next(HubSession session, byte[] after) => shell.Ask(new NextHandIn(shell.NowMs, after), reply =>
    {
        if (reply.HandIn is not { } receipt || reply.NextKey is not { } key || !session.IsLive)
        {
            _isRunning = false;
            return;
        }

        session.Ask(number => FrameOf(session.Nonce, number, receipt), news =>
        {
            if (news?.HandIn is not { } answered)
            {
                _isRunning = false; // the connection is gone, or the answer is to something else: the next round begins anew
                return;
            }

            // A hub that could not even read it names no op; it is answered all the same.
            answered.Op ??= ReceiptCodec.TryReadOp(receipt) is { } op ? OpIdCodec.ToWire(op.Id) : null;
            shell.Tell(new NewsArrived(shell.NowMs, news with { HandedIn = ReceiptCodec.HashOf(receipt) }, session.Number));
            Next(session, key);
        });
    });
}
