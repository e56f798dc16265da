using System.Threading.Channels;
using Google.Protobuf;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>One living stream of one agent: what waits to be sent to it, and the end of it.</summary>
/// <remarks>Every frame is absolute, so a connection that falls too far behind is simply cut: the agent catches up when it is back.</remarks>
internal sealed class Connection : IDisposable
{
    private const int FramesBeforeCut = 200_000;
    private readonly Channel<HubFrame> _outbound = Channel.CreateBounded<HubFrame>(new BoundedChannelOptions(FramesBeforeCut) { SingleReader = true });
    private readonly CancellationTokenSource _end = new();

    public Connection(ByteString nonce) => Nonce = nonce;

    /// <summary>What the agent named this stream.</summary>
    public ByteString Nonce { get; }

    /// <summary>Cancelled when the stream has to end.</summary>
    public CancellationToken Ended => _end.Token;

    /// <summary>Frames to be written, in order.</summary>
    public ChannelReader<HubFrame> Outbound => _outbound.Reader;

    /// <summary>Queues a frame.</summary>
    public void Send(HubFrame frame)
    {
        if (!_outbound.Writer.TryWrite(frame) && !_outbound.Reader.Completion.IsCompleted)
        {
            End();
        }
    }

    /// <summary>Ends the stream after the frames that wait.</summary>
    public void Finish() => _outbound.Writer.TryComplete();

    /// <summary>Ends the stream now.</summary>
    public void End()
    {
        _outbound.Writer.TryComplete();
        _end.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose() => _end.Dispose();
}
