namespace SyncHub.Agent.Till;

/// <summary>On each connection that came in over the shop's network: whoever is behind it shows a paired till's token, wherever he calls from.</summary>
internal sealed class LanDoor
{
    /// <summary>The only one; it says nothing but that it is there.</summary>
    public static readonly LanDoor Mark = new();

    private LanDoor()
    {
    }
}
