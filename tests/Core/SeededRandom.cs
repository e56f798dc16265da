namespace SyncHub.Core.Tests;

/// <summary>Random numbers from a seed (splitmix64), the same on every runtime for ever.</summary>
internal sealed class SeededRandom(long seed)
{
    private ulong _state = (ulong)seed;

    public ulong NextBits()
    {
        unchecked
        {
            var mixed = _state += 0x9E3779B97F4A7C15UL;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9UL;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
            return mixed ^ (mixed >> 31);
        }
    }

    /// <summary>From 0 to <paramref name="count"/> - 1.</summary>
    public int Below(int count) => (int)(NextBits() % (ulong)count);

    /// <summary>Both ends included.</summary>
    public long Between(long least, long most) => least + (long)(NextBits() % (ulong)(most - least + 1));

    public bool Chance(int permille) => Below(1000) < permille;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(_ => (byte)NextBits())];

    /// <summary>Runs <paramref name="test"/> once for each seed from 1 on; a failure names its seed.</summary>
    public static void ForEachSeed(int seeds, Action<long> test)
    {
        for (long seed = 1; seed <= seeds; seed++)
        {
            try
            {
                test(seed);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}: {failure.Message}", failure);
            }
        }
    }
}
