namespace SyncHub.Faults.Tests;

/// <summary>Kinds of faults in an order of the dice; each comes once before any comes again.</summary>
internal sealed class Deck(Random dice, IReadOnlyList<FaultKind> kinds)
{
    private readonly Queue<FaultKind> _left = new();

    /// <summary>How often every kind was done.</summary>
    public int Rounds { get; private set; }

    /// <summary>What has not been done in this round.</summary>
    public IEnumerable<FaultKind> Left => _left;

    /// <summary>The next kind; put it <see cref="Back"/> where it cannot be done now.</summary>
    public FaultKind Draw()
    {
        if (_left.Count == 0)
        {
            var shuffled = kinds.ToArray();
            dice.Shuffle(shuffled);
            foreach (var kind in shuffled)
            {
                _left.Enqueue(kind);
            }
        }

        return _left.Dequeue();
    }

    /// <summary>It was done.</summary>
    public void Done() => Rounds += _left.Count == 0 ? 1 : 0;

    /// <summary>It has to wait for others.</summary>
    public void Back(FaultKind kind) => _left.Enqueue(kind);
}
