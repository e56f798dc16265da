namespace SyncHub.Agent.Sync;

/// <summary>The hubs that an agent knows, and which one it calls next.</summary>
/// <remarks>
/// One leads, the others stand by and say so. A round is one call of each, in order, from the one on; who says that it stands by may name the leader, which is
/// called next where it is one of those known and was not called in this round. Where none of a round leads, one that stands by is called once more: it forwards. Not thread-safe.
/// </remarks>
internal sealed class HubRota
{
    private readonly IReadOnlyList<string> _hubs;
    private readonly HashSet<string> _called = new(StringComparer.OrdinalIgnoreCase);
    private int _place;

    /// <summary>A rota that begins with the first one.</summary>
    public HubRota(IReadOnlyList<string> hubs) => _hubs = hubs;

    /// <summary>Who is called next.</summary>
    public string Current => _hubs[_place];

    /// <summary>Whether others are known, one of which may lead.</summary>
    public bool HasOthers => _hubs.Count > 1;

    /// <summary>One that stood by in this round and can forward to whoever leads; null where none did.</summary>
    public string? Forwarder { get; private set; }

    /// <summary>Begins a round.</summary>
    public void BeginRound()
    {
        _called.Clear();
        Forwarder = null;
    }

    /// <summary>The present one stands by.</summary>
    public void NoteStandby() => Forwarder ??= Current;

    /// <summary>The present one is not the right one, or no longer.</summary>
    /// <param name="leader">Who leads, as it said; empty where it did not.</param>
    /// <returns>Whether there is another one to call in this round.</returns>
    public bool MoveOn(string leader = "")
    {
        _called.Add(Current);
        var named = Enumerable.Range(0, _hubs.Count).FirstOrDefault(place => IsSame(_hubs[place], leader), -1);
        if (named >= 0 && !_called.Contains(_hubs[named]))
        {
            _place = named;
            return true;
        }

        for (var step = 1; step < _hubs.Count; step++)
        {
            var place = (_place + step) % _hubs.Count;
            if (!_called.Contains(_hubs[place]))
            {
                _place = place;
                return true;
            }
        }

        _place = (_place + 1) % _hubs.Count;
        return false;
    }

    private static bool IsSame(string hub, string leader) => Uri.TryCreate(leader, UriKind.Absolute, out var named) && new Uri(hub) == named;
}
