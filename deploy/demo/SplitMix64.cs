namespace SyncHub.Demo;

/// <summary>Numbers that look random and follow from a seed alone, in integer arithmetic, so that a run can be repeated anywhere.</summary>
/// <remarks>SplitMix64 (Steele, Lea, Flood 2014). Not for secrets. One thread at a time.</remarks>
public sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        unchecked
        {
            _state += 0x9E3779B97F4A7C15;
            var mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return mixed ^ (mixed >> 31);
        }
    }

    /// <summary>A number from 0 to below <paramref name="bound"/>; the bias of the modulo is far below what a demo shows.</summary>
    public int Below(int bound) => (int)(Next() % (ulong)bound);

    /// <summary>True this many times in a hundred.</summary>
    public bool Percent(int chance) => Below(100) < chance;

    /// <summary>Puts the items in an order of chance.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        for (var last = items.Count - 1; last > 0; last--)
        {
            var other = Below(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }
}
