using Google.Protobuf;
using SyncHub.Agent.Sync;
using SyncHub.Hub.Sync;
using SyncHub.V1;

namespace SyncHub.Simulator;

/// <summary>One stream between an agent and a hub, with the frames that are under way on it.</summary>
internal sealed class Pipe(World world, SimAgent agent, SimHub hub, ByteString nonce, int number) : IStoreConnection
{
    private Ears? _ears;

    public SimAgent Agent { get; } = agent;

    public SimHub Hub { get; } = hub;

    public int Number { get; } = number;

    public ByteString Nonce { get; } = nonce;

    public HubSession? Session { get; set; }

    /// <summary>Whether the hub has handled its Hello: before that there is no link to tell of its end.</summary>
    public StoreLink? Link { get; set; }

    public bool HubEnded { get; private set; }

    public bool AgentEnded { get; private set; }

    /// <summary>Listens to what is said on it.</summary>
    public Ears Ears => _ears ??= new Ears(this);

    /// <summary>The machine's key; null where nobody signs.</summary>
    public SimSignature? Key { get; } = world.Active.HasFlag(Fault.Signed) ? new SimSignature(agent.Guard.Device) : null;

    public ISignatureCheck? Signatures => Key;

    /// <summary>Frames to the agent.</summary>
    public List<HubFrame> ToAgent { get; } = [];

    /// <summary>Frames to the hub.</summary>
    public List<AgentFrame> ToHub { get; } = [];

    // The feed alone leans on a stream's order: its mark speaks of the changes before it, and says nothing where one of them was lost.
    private bool _hasLostAChange;

    /// <summary>The frame to take where this one was picked: a mark stays behind the changes that it speaks of.</summary>
    public int InLane(int index) => ToAgent[index].FeedMark is null ? index : ToAgent.FindIndex(static frame => frame.MemberDelta is not null || frame.FeedMark is not null);

    /// <summary>A frame to the agent is lost; with a change, all marks behind it.</summary>
    public void Lose(int index)
    {
        var lost = ToAgent[index];
        ToAgent.RemoveAt(index);
        if (lost.MemberDelta is not null)
        {
            _hasLostAChange = true;
            ToAgent.RemoveAll(static frame => frame.FeedMark is not null);
        }
    }

    public void Send(HubFrame frame)
    {
        if (!HubEnded && !(_hasLostAChange && frame.FeedMark is not null))
        {
            Ears.OnSent(frame);
            ToAgent.Add(frame);
            world.FramesSent++;
        }
    }

    public void End()
    {
        HubEnded = true;
        world.Trace($"    hub ends pipe {Number}");
    }

    public void EndByAgent()
    {
        if (!AgentEnded)
        {
            AgentEnded = true;
            Session?.OnEnded();
            world.Trace($"    agent ends pipe {Number}");
        }
    }
}
