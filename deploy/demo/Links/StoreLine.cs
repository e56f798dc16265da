using System.Net;

namespace SyncHub.Demo.Links;

/// <summary>The line of one store to the hubs of the chain: one relay for each hub, cut and healed together.</summary>
internal sealed class StoreLine : IAsyncDisposable
{
    private readonly LinkProxy[] _links;

    /// <summary>A line to so many hubs.</summary>
    public StoreLine(int hubs) => _links = [.. Enumerable.Range(0, hubs).Select(_ => new LinkProxy())];

    /// <summary>The loopback ports that the store's agent connects to, one for each hub.</summary>
    public IReadOnlyList<int> Ports => [.. _links.Select(link => link.Port)];

    /// <summary>Whether the line is cut.</summary>
    public bool IsCut => _links[0].IsCut;

    /// <inheritdoc cref="LinkProxy.Pass"/>
    public void Pass(int hub, IPEndPoint? to) => _links[hub].Pass(to);

    /// <inheritdoc cref="LinkProxy.Cut"/>
    public void Cut(LinkLoss loss)
    {
        foreach (var link in _links)
        {
            link.Cut(loss);
        }
    }

    /// <inheritdoc cref="LinkProxy.Heal"/>
    public void Heal()
    {
        foreach (var link in _links)
        {
            link.Heal();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links)
        {
            await link.DisposeAsync();
        }
    }
}
