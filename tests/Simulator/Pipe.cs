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

    /// <summary>Frames to the agent.</summary>
    public List<HubFrame> ToAgent { get; } = [];

    /// <summary>Frames to the hub.</summary>
    public List<AgentFrame> ToHub { get; } = [];

    public void Send(HubFrame frame)
    {
        if (!HubEnded)
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
