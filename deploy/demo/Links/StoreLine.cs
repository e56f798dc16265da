using System.Net;

namespace SyncHub.Demo.Links;

/// <summary>The line of one store to the hubs of the chain: one relay for each hub, cut and healed together.</summary>
internal sealed class StoreLine : IAsyncDisposable
{
    private readonly LinkProxy[] _links;

    private readonly int _cells;

    /// <summary>A line to so many hubs, as many in each cell.</summary>
    public StoreLine(int hubs, int cells) => (_links, _cells) = ([.. Enumerable.Range(0, hubs).Select(_ => new LinkProxy())], cells);

    /// <summary>What the store's agent connects to, as it is told: commas between the hubs of a cell, semicolons between cells.</summary>
    public string Hubs => string.Join(';', _links.Chunk(_links.Length / _cells).Select(cell => string.Join(',', cell.Select(link => FormattableString.Invariant($"https://127.0.0.1:{link.Port}")))));

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
