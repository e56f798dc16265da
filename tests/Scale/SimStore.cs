using SyncHub.Agent.Sync;

namespace SyncHub.Scale;

/// <summary>One store, as far as the hubs notice it.</summary>
internal sealed class SimStore(int number, HubRota rota)
{
    /// <summary>Its number.</summary>
    public int Number { get; } = number;

    /// <summary>Which hub it calls next.</summary>
    public HubRota Rota { get; } = rota;

    /// <summary>The hub that it is connected to.</summary>
    public SimHub? Hub { get; set; }

    /// <summary>Counts its connections: what belongs to an older one is ignored.</summary>
    public int Connection { get; set; }

    /// <summary>Counts its calls.</summary>
    public int Attempt { get; set; }

    /// <summary>The hub that has its Hello: it waits for the welcome, however long it takes.</summary>
    public SimHub? GreetedBy { get; set; }

    /// <summary>Whether it is about to send more.</summary>
    public bool IsRefilling { get; set; }

    /// <summary>Ops logged and not sent.</summary>
    public int Backlog { get; set; }

    /// <summary>Ops sent and not acknowledged.</summary>
    public int UnderWay { get; set; }
}
