using System.Threading.Channels;
using Google.Protobuf;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>One living stream of one agent: what waits to be sent to it, and the end of it.</summary>
/// <remarks>Every frame is absolute, so a connection that falls too far behind is simply cut: the agent catches up when it is back.</remarks>
internal sealed class Connection : IStoreConnection, IDisposable
{
    private const int FramesBeforeCut = 200_000;
    private readonly Channel<HubFrame> _outbound = Channel.CreateBounded<HubFrame>(new BoundedChannelOptions(FramesBeforeCut) { SingleReader = true });
    private readonly CancellationTokenSource _end = new();

    public Connection(ByteString nonce, ISignatureCheck? signatures)
    {
        Nonce = nonce;
        Signatures = signatures;
    }

    /// <inheritdoc/>
    public ByteString Nonce { get; }

    /// <inheritdoc/>
    public ISignatureCheck? Signatures { get; }

    /// <summary>Cancelled when the stream has to end.</summary>
    public CancellationToken Ended => _end.Token;

    /// <summary>Frames to be written, in order.</summary>
    public ChannelReader<HubFrame> Outbound => _outbound.Reader;

    /// <inheritdoc/>
    public void Send(HubFrame frame)
    {
        if (!_outbound.Writer.TryWrite(frame) && !_outbound.Reader.Completion.IsCompleted)
        {
            End();
        }
    }

    /// <inheritdoc/>
    public void End()
    {
        _outbound.Writer.TryComplete();
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The stream ended by itself at the same moment.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _end.Dispose();
}
