using SyncHub.Core.Primitives;

namespace SyncHub.Simulator;

/// <summary>Listens to one stream, and checks who may speak for a store and how much may be under way.</summary>
internal sealed class Ears(Pipe pipe)
{
    private readonly Queue<(long Last, int Bytes)> _underWay = new();
    private V1.Hello _hello = new();
    private long _token;
    private int _window = int.MaxValue;

    private Holder Holder => new(pipe.Agent.Store, new Incarnation(_hello.Incarnation));

    /// <summary>The hub has the first frame.</summary>
    public void OnHello(V1.Hello hello) => _hello = hello;

    /// <summary>The hub says something.</summary>
    public void OnSent(V1.HubFrame frame)
    {
        if (frame.Welcome is not { } welcome)
        {
            return;
        }

        // I13: committed <= tip. A database that ends before what it had sent has lost something.
        if (welcome.CommittedSequence > _hello.TipSequence)
        {
            throw new Violation("I13", $"{Holder} ends at op {_hello.TipSequence} and was welcomed by a hub that has {welcome.CommittedSequence}");
        }

        // T4: a copy is found out at its first Hello, once another one has used a newer token.
        if (_hello.Token < pipe.Hub.UsedTokens.GetValueOrDefault(Holder) && !pipe.Hub.Stores.IsReconciling)
        {
            throw new Violation("T4", $"{Holder} showed token {_hello.Token} and was welcomed, although token {pipe.Hub.UsedTokens[Holder]} was used");
        }

        _token = welcome.Token;
        pipe.Hub.Speakers[pipe.Agent.Store] = pipe;
    }

    /// <summary>Whether it speaks for its store now.</summary>
    public bool Speaks => pipe.Hub.Speakers.GetValueOrDefault(pipe.Agent.Store) == pipe && !pipe.HubEnded;

    /// <summary>The hub handled a frame; it may have handed something on.</summary>
    public void OnHandled(V1.AgentFrame frame, bool handedOn, bool speaks)
    {
        if (!handedOn || frame.FrameCase is not (V1.AgentFrame.FrameOneofCase.OpBatch or V1.AgentFrame.FrameOneofCase.RightsRequest or V1.AgentFrame.FrameOneofCase.Identify
            or V1.AgentFrame.FrameOneofCase.RevokeDone or V1.AgentFrame.FrameOneofCase.RefundRightRequest))
        {
            return;
        }

        if (!speaks)
        {
            throw new Violation("T4", $"a {frame.FrameCase} of pipe {pipe.Number} was heard, but pipe {pipe.Hub.Speakers.GetValueOrDefault(pipe.Agent.Store)?.Number} speaks for store {pipe.Agent.Store}");
        }

        pipe.Hub.UsedTokens[Holder] = Math.Max(_token, pipe.Hub.UsedTokens.GetValueOrDefault(Holder));
    }

    /// <summary>The agent hears something.</summary>
    public void OnDelivered(V1.HubFrame frame)
    {
        if (frame.Welcome is { } welcome && _window == int.MaxValue)
        {
            _window = welcome.MaxUnackedBytes;
        }

        while (frame.OpAck is { } ack && _underWay.TryPeek(out var batch) && batch.Last <= ack.CommittedSequence)
        {
            _underWay.Dequeue();
        }
    }

    /// <summary>The agent says something.</summary>
    public void OnSaid(V1.AgentFrame frame)
    {
        if (frame.OpBatch is not { } batch)
        {
            return;
        }

        // protocol.md 1.16: what is under way stays within the window, but for one op that is larger by itself.
        var bytes = batch.Envelopes.Sum(static envelope => envelope.Length);
        var before = _underWay.Sum(static sent => sent.Bytes);
        if (before >= _window || (before + bytes > _window && batch.Envelopes.Count > 1))
        {
            throw new Violation("W1", $"{before} bytes of ops are under way on pipe {pipe.Number}, and {bytes} more; the window is {_window}");
        }

        _underWay.Enqueue((batch.FirstSequence + batch.Envelopes.Count - 1, bytes));
    }
}
