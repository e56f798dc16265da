using SyncHub.Core.Primitives;

namespace SyncHub.Scale;

/// <summary>Random numbers that a seed repeats on every runtime (SplitMix64).</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        unchecked
        {
            var value = _state += 0x9E3779B97F4A7C15UL;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
            return value ^ (value >> 31);
        }
    }

    /// <summary>0 to <paramref name="count"/> - 1.</summary>
    public int Below(int count) => (int)((UInt128)Next() * (uint)count >> 64);

    /// <summary>0 to 1.</summary>
    public double Chance() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>The id of the member of this number, as a till would have made it some day of the last three years.</summary>
    public static MemberId Member(long number)
    {
        var own = new Dice((ulong)number * 0xD1342543DE82EF95UL);
        Span<byte> entropy = stackalloc byte[16];
        BitConverter.TryWriteBytes(entropy, own.Next());
        BitConverter.TryWriteBytes(entropy[8..], own.Next());
        return MemberId.Create(1_700_000_000_000 + (long)(own.Next() % 94_608_000_000), entropy);
    }

    /// <summary>Puts a list in random order.</summary>
    public T[] Shuffle<T>(IEnumerable<T> items)
    {
        T[] all = [.. items];
        for (var i = all.Length - 1; i > 0; i--)
        {
            var other = Below(i + 1);
            (all[i], all[other]) = (all[other], all[i]);
        }

        return all;
    }
}
