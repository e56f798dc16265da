namespace SyncHub.Simulator;

/// <summary>The simulator's own random numbers (SplitMix64), so that a seed means the same on every runtime.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The dice of one step: what one step draws does not depend on what others drew, so that steps can be left out.</summary>
    public static Dice Of(long seed, int step) => new(Mix((ulong)seed * 0x9E3779B97F4A7C15UL) ^ Mix((ulong)(uint)step + 0x632BE59BD9B4E019UL));

    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15UL);

    /// <summary>0 to <paramref name="count"/> - 1.</summary>
    public int Below(int count) => (int)((UInt128)Next() * (uint)count >> 64);

    /// <summary>Both ends included.</summary>
    public long Between(long low, long high) => low + (long)((UInt128)Next() * (ulong)(high - low + 1) >> 64);

    public bool Chance(int percent) => Below(100) < percent;

    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
        {
            bytes[i] = (byte)Next();
        }

        return bytes;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}
