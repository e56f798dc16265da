using System.Globalization;

namespace Grpc.Wire;

/// <summary>The value of <c>grpc-timeout</c>: one to eight digits and a unit.</summary>
internal static class GrpcTimeout
{
    private const int MaxDigits = 8;
    private const long MaxValue = 99_999_999;

    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('u', TimeSpan.TicksPerMicrosecond),
        ('m', TimeSpan.TicksPerMillisecond),
        ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute),
        ('H', TimeSpan.TicksPerHour),
    ];

    /// <summary>The finest unit that holds the time, rounded up, so that a server never gives up before its client.</summary>
    public static string Format(TimeSpan timeout)
    {
        foreach (var (unit, ticks) in Units)
        {
            var count = (timeout.Ticks / ticks) + (timeout.Ticks % ticks > 0 ? 1 : 0);
            if (count <= MaxValue)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{MaxValue}H");
    }

    /// <summary>Reads a timeout. Anything malformed is no timeout, as official servers on C++ and .NET have it.</summary>
    public static bool TryParse(string? value, out TimeSpan timeout)
    {
        timeout = default;
        if (value is null || value.Length is < 2 or > MaxDigits + 1
            || !long.TryParse(value.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        return TryScale(count, value[^1], out timeout);
    }

    private static bool TryScale(long count, char unit, out TimeSpan timeout)
    {
        if (unit == 'n')
        {
            timeout = new TimeSpan(count / TimeSpan.NanosecondsPerTick);
            return true;
        }

        var found = Array.Find(Units, candidate => candidate.Unit == unit);

        // 99999999H is 11,415 years: it fits a TimeSpan, though no DateTime.
        timeout = new TimeSpan(count * found.Ticks);
        return found.Unit == unit;
    }
}
